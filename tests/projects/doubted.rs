//! What the disk and the project itself say against a verdict: packages that were installed anew, workspaces, names that lock files have
//! beside those of packages, modules that the project describes.

use super::{Home, SITE, Server, json, python, verdicts};

#[test]
fn a_package_that_was_installed_anew_accuses_nobody_until_it_is_read_again() {
    let home = Home::new();
    python(&home, "app", "1.0", "boil");
    home.json(&["project", &home.path("app")]);
    let code = "import kettle\nkettle.newer()\n";
    let (checked, status) = home.check("app", "draft.py", code);
    assert_eq!((verdicts(&checked)[1].as_str(), status), ("kettle.newer does_not_exist", 1), "{checked}");
    home.write(&format!("app/{SITE}/kettle/__init__.py"), "def newer(): ...\n");
    let (checked, status) = home.check("app", "draft.py", code);
    assert_eq!((verdicts(&checked)[1].as_str(), status), ("kettle.newer unknown", 0), "{checked}");
    let told = checked["not_indexed"].to_string();
    assert!(told.contains("pypi:kettle@1.0 was installed anew since it was read: `smolcrawl project` reads it again"), "{told}");
    // A client has a tool for it.
    let mut server = Server::start(home.0.path(), &["--db", &home.path("index.db")]);
    server.initialize();
    let told = server.call(2, "check_code", json!({ "code": code, "language": "python" })).to_string();
    server.end();
    assert!(told.contains("installed anew since it was read: index_project") && !told.contains("`smolcrawl"), "{told}");
    home.json(&["project", &home.path("app")]);
    let (checked, _) = home.check("app", "draft.py", &format!("{code}kettle.boil()\n"));
    assert_eq!(verdicts(&checked)[1..], ["kettle.newer exists", "kettle.boil does_not_exist"], "{checked}");
}

#[test]
fn workspaces_and_other_names_are_the_projects_own() {
    let home = Home::new();
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"foo": "npm:bar@1.0.0"}},
        "node_modules/foo": {"name": "bar", "version": "1.0.0"}, "node_modules/@acme/ui": {"resolved": "packages/ui", "link": true},
        "packages/ui": {"version": "1.0.0"}}}"#;
    home.write("web/package-lock.json", lock);
    home.write("web/node_modules/foo/package.json", r#"{"name": "bar", "version": "1.0.0", "types": "index.d.ts"}"#);
    home.write("web/node_modules/foo/index.d.ts", "export declare const a: number;");
    // One that another tool has linked there.
    home.write("web/node_modules/linked/package.json", "{}");
    home.json(&["project", &home.path("web")]);
    let code = "import '@acme/ui';\nimport { a } from 'foo';\nimport 'linked';\nimport 'nobodys';\n";
    let (checked, _) = home.check("web", "main.ts", code);
    assert_eq!(verdicts(&checked), ["@acme/ui exists", "a unknown", "foo exists", "linked unknown", "nobodys not_in_lock"], "{checked}");

    let lock = "version = 1\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = { virtual = \".\" }\ndependencies = []\n\
                [[package]]\nname = \"the-lib\"\nversion = \"0.1.0\"\nsource = { editable = \"packages/lib\" }\n";
    home.write("space/uv.lock", lock);
    home.write("space/packages/lib/src/lib1/__init__.py", "");
    home.json(&["project", &home.path("space")]);
    let (checked, _) = home.check("space", "main.py", "import lib1\nimport the_lib\nimport nobodys\n");
    assert_eq!(verdicts(&checked), ["import lib1 exists", "import the_lib exists", "import nobodys not_in_lock"], "{checked}");
}

#[test]
fn packages_of_npm_for_other_platforms_hide_nobody() {
    let home = Home::new();
    let entry = |place: &str| format!("\"node_modules/{place}\": {{\"version\": \"1.0.0\", \"optional\": true}}");
    let lock = |places: &[&str]| {
        let places: Vec<String> = places.iter().map(|place| entry(place)).collect();
        format!("{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"foo\": \"1\"}}}}, {}}}}}", places.join(", "))
    };
    home.write("web/package-lock.json", &lock(&["foo", "@foo/darwin-arm64"]));
    home.write("web/node_modules/foo/package.json", r#"{"name": "foo", "version": "1.0.0", "types": "index.d.ts"}"#);
    home.write("web/node_modules/foo/index.d.ts", "export declare const a: number;");
    home.json(&["project", &home.path("web")]);
    let code = "import 'foo';\nimport '@foo/darwin-arm64';\nimport '@foo/darwin-arm64/bin';\nimport 'nobodys';\n";
    let (checked, _) = home.check("web", "main.ts", code);
    let wanted = ["foo exists", "@foo/darwin-arm64 exists", "@foo/darwin-arm64/bin unknown", "nobodys not_in_lock"];
    assert_eq!(verdicts(&checked), wanted, "{checked}");
    // What describes types is reached by another name.
    home.write("web/package-lock.json", &lock(&["foo", "@types/nobodys"]));
    home.json(&["project", &home.path("web")]);
    let (checked, _) = home.check("web", "main.ts", "import 'nobodys';\n");
    assert_eq!(verdicts(&checked), ["nobodys unknown"], "{checked}");
}

#[test]
fn what_others_say_of_a_package_of_npm_is_there() {
    let home = Home::new();
    let entry = |place: &str| format!("\"node_modules/{place}\": {{\"version\": \"1.0.0\"}}");
    let places = ["fastish", "@fastish/jwt"].map(entry).join(", ");
    let own = r#""": {"dependencies": {"fastish": "1", "@fastish/jwt": "1"}}"#;
    home.write("web/package-lock.json", &format!("{{\"lockfileVersion\": 3, \"packages\": {{{own}, {places}}}}}"));
    for (name, text) in [
        ("fastish", "export interface App { listen(): void }"),
        ("@fastish/jwt", "declare module 'fastish' { interface App { jwt: { sign(x: string): string } } }\nexport {};"),
    ] {
        let manifest = format!("{{\"name\": \"{name}\", \"version\": \"1.0.0\", \"types\": \"index.d.ts\"}}");
        home.write(&format!("web/node_modules/{name}/package.json"), &manifest);
        home.write(&format!("web/node_modules/{name}/index.d.ts"), text);
    }
    let plugin =
        "import 'fastish';\nexport const x = 1;\ndeclare module 'fastish' {\n  interface App {\n    prisma: { find(): void };\n  }\n}\n";
    home.write("web/src/plugins/prisma.ts", plugin);
    home.json(&["project", &home.path("web")]);
    let code = "import { App } from 'fastish';\nfunction f(app: App) {\n  app.prisma.find();\n  app.jwt.sign('x');\n  app.prism;\n}\n";
    let (checked, status) = home.check("web", "src/main.ts", code);
    let mut found = verdicts(&checked);
    found.sort_unstable();
    let mut wanted = [
        "fastish exists",
        "App exists",
        "app.prisma exists",
        "app.prisma.find exists",
        "app.jwt exists",
        "app.jwt.sign exists",
        "app.prism does_not_exist",
    ];
    wanted.sort_unstable();
    assert_eq!((found, status), (wanted.map(str::to_owned).to_vec(), 1), "{checked}");
    let prisma = checked["references"].as_array().unwrap().iter().find(|of| of["text"] == "app.prisma").unwrap();
    assert!(prisma["url"].as_str().unwrap().ends_with("/src/plugins/prisma.ts#L5"), "{prisma}");
    // It is read as it is now.
    home.write("web/src/plugins/prisma.ts", &plugin.replace("prisma:", "prism:"));
    let (checked, _) = home.check("web", "src/main.ts", code);
    let of = |text: &str| checked["references"].as_array().unwrap().iter().find(|of| of["text"] == text).unwrap()["verdict"].clone();
    assert_eq!((of("app.prisma"), of("app.prism")), (json!("does_not_exist"), json!("exists")), "{checked}");
}
