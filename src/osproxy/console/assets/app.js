// The frame of the console: navigation, keys, the token, and the page that the address names.
import { html } from "./html.js";
import { render, useEffect, useRef, useState } from "./htm-preact.js";
import { call, listEndpoints, session, update, useSession } from "./api.js";
import { Announcer, Dialog, Name } from "./parts.js";
import { Directives } from "./directives.js";
import { Fleet } from "./fleet.js";
import { History } from "./history.js";
import { InFlight } from "./inflight.js";
import { Live } from "./live.js";
import { Recent } from "./recent.js";
import { Top } from "./top.js";

const PAGES = [
  { path: "fleet", key: "f", title: "Fleet", page: Fleet },
  { path: "directives", key: "d", title: "Directives", page: Directives },
  { path: "live", key: "l", title: "Live", page: Live },
  { path: "top", key: "t", title: "Top", page: Top },
  { path: "recent", key: "r", title: "Recent", page: Recent },
  { path: "inflight", key: "i", title: "In flight", page: InFlight },
  { path: "history", key: "h", title: "History", page: History },
];

const KEYS = [
  ...PAGES.map(({ key, title }) => [`g ${key}`, `go to ${title}`]),
  ["n", "new directive"],
  ["/", "go to the filter"],
  ["j, k", "next and previous row"],
  ["Enter", "open the row"],
  ["p", "pause or go on (Live)"],
  ["Escape", "close what is open"],
  ["?", "this list"],
];

/// {page, rest, params} of `#/directives/new?tenant=acme`.
function readAddress() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page, ...rest] = path.split("/");
  return { page: page || "fleet", rest: rest.map(decodeURIComponent), params: new URLSearchParams(query) };
}

function useAddress() {
  const [address, setAddress] = useState(readAddress());
  useEffect(() => {
    const listener = () => setAddress(readAddress());
    addEventListener("hashchange", listener);
    return () => removeEventListener("hashchange", listener);
  }, []);
  return address;
}

function isTyping(target) {
  return target.matches?.("input:not([type=checkbox]), textarea, select") || target.isContentEditable;
}

function moveRow(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : at + step;
  rows[Math.min(rows.length - 1, Math.max(0, next))].focus();
}

function useKeys(showHelp) {
  useEffect(() => {
    let afterG = 0;
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      if (event.key === "?") return showHelp();
      if (!session.shortcuts) return undefined;
      const goes = Date.now() - afterG < 1500 && PAGES.find(({ key }) => key === event.key);
      afterG = event.key === "g" ? Date.now() : 0;
      if (goes) {
        location.hash = `#/${goes.path}`;
      } else if (event.key === "n") {
        location.hash = "#/directives/new";
      } else if (event.key === "/") {
        document.querySelector("[data-filter]")?.focus();
      } else if (event.key === "j" || event.key === "k") {
        moveRow(event.key === "j" ? 1 : -1);
      } else if (event.key === "p") {
        document.querySelector("[data-pause]")?.click();
      } else {
        return undefined;
      }
      return event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

function Help({ onClose }) {
  const { shortcuts } = useSession();
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">${KEYS.map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}</dl>
    <label class="check"><input type="checkbox" checked=${shortcuts}
      onChange=${(event) => update({ shortcuts: event.target.checked })} />
      Single letters are shortcuts</label>
    <p><button type="button" onClick=${onClose}>Close</button></p>
  <//>`;
}

function TokenPage() {
  const { tokenFault } = useSession();
  const [token, setToken] = useState("");
  const input = useRef(null);
  useEffect(() => input.current.focus(), []);
  const enter = async (event) => {
    event.preventDefault();
    update({ token: token.trim(), tokenFault: "" });
    if (await identify()) update({ asksToken: false });
    else input.current?.select();
  };
  return html`<main id="main" class="token"><h1>Admin token</h1>
    <p>This listener asks for a token. The page keeps it in memory until it is closed or loaded again.</p>
    <form onSubmit=${enter}>
      <label for="token">Token</label>
      <input id="token" ref=${input} type="password" autocomplete="off" required value=${token}
        aria-describedby="token-fault" onInput=${(event) => setToken(event.target.value)} />
      <button type="submit" class="main">Go on</button>
      <p id="token-fault" class="bad" role="alert">${tokenFault}</p>
    </form></main>`;
}

/// Learns the instance's name and the role. False: the token is not accepted.
async function identify() {
  try {
    const { data } = await call("admin/status");
    const endpoints = await listEndpoints();
    update({ instance: data.instance, endpoints });
    if (!endpoints.has("/admin/whoami")) return true;
    const who = (await call("admin/whoami")).data;
    update({ role: who.role || "admin", tenants: who.tenants || [] });
    return true;
  } catch (error) {
    if (error.status === 0) update({ tokenFault: `The instance does not respond: ${error.message}.` });
    return error.status !== 401 && error.status !== 0;
  }
}

function Navigation({ current }) {
  return html`<nav aria-label="Pages"><ul>${PAGES.map(({ path, title, key }) => html`<li>
    <a href="#/${path}" aria-current=${path === current ? "page" : null} title="g ${key}" data-title=${title}>${title}</a></li>`)}</ul></nav>`;
}

function App() {
  const { asksToken, instance, role, tenants } = useSession();
  const address = useAddress();
  const [helps, setHelps] = useState(false);
  const heading = useRef(null);
  const isFirst = useRef(true);
  useKeys(() => setHelps(true));
  useEffect(() => { identify(); }, []);
  const { title, page: Page } = PAGES.find(({ path }) => path === address.page) || PAGES[0];
  useEffect(() => {
    document.title = `${title} · ${instance || "osproxy"}`;
  }, [title, instance]);
  useEffect(() => {
    if (!isFirst.current) heading.current?.focus();
    isFirst.current = false;
  }, [title]);
  if (asksToken) return html`<${TokenPage} />`;
  const skip = (event) => {
    event.preventDefault();
    heading.current.focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to the content</a>
    <header><p class="brand">osproxy</p>
      <${Navigation} current=${address.page} />
      <p class="who"><span class="instance"><${Name} of=${instance} none="" /></span> ${role !== "admin" && html`<span class="muted">role ${role}</span> `}
        ${tenants.length > 0 && html`<span class="muted">sees ${tenants.length === 1 ? "one tenant" : `${tenants.length} tenants`}</span> `}
        <button type="button" onClick=${() => setHelps(true)} aria-label="Keys">?</button></p></header>
    <main id="main"><h1 ref=${heading} tabindex="-1">${title}</h1>
      <${Page} key=${title} rest=${address.rest} params=${address.params} /></main>
    <${Announcer} />
    ${helps && html`<${Help} onClose=${() => setHelps(false)} />`}`;
}

const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
