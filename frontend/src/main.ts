import { mount } from "svelte";
import App from "./App.svelte";
import "./app.css";
import { preferred, turnTo } from "./lib/languages";

const target = document.getElementById("app");
if (!target) throw new Error("the page has no place for the dashboard");
await turnTo(preferred());
mount(App, { target });
