// Routes behind "#". The texts are asked for as the reader goes.
import { createApp } from "vue";
import { createRouter, createWebHashHistory } from "vue-router";
import App from "./App.vue";
import Article from "./Article.vue";

const router = createRouter({ history: createWebHashHistory(), routes: [{ path: "/:name?", component: Article }] });
createApp(App).use(router).mount("#app");
