fn main() {
    versus_tokio::main();
}
