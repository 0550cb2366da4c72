// Calls of the admin API, and the session: the token (in memory only), the role and the instance.
import { useEffect, useRef, useState } from "./htm-preact.js";

const CALL_TIMEOUT_MS = 10000;

export class ApiError extends Error {
  constructor(status, error) {
    super(error.reason || "the response is not understood");
    this.status = status;
    this.type = error.type || "";
    this.more = error;
  }
}

// Everything that all pages share. Changes go through update(), which redraws.
export const session = {
  token: "",
  asksToken: false, // the API has said 401
  tokenFault: "",
  instance: "",
  role: "admin", // until whoami says otherwise: a listener without roles lets every holder change
  tenants: [],
  endpoints: new Set(),
  shortcuts: true,
};
const listeners = new Set();

export function update(changes) {
  Object.assign(session, changes);
  for (const listener of [...listeners]) listener();
}

export function useSession() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, []);
  return session;
}

/// Why this token may not change anything; empty if it may.
export function whyNoChanges() {
  if (session.role !== "viewer") return "";
  return "Your token has the role viewer, which sees but does not change.";
}

function headersWith(more) {
  return session.token ? { ...more, Authorization: `Bearer ${session.token}` } : more;
}

async function refusalOf(response) {
  let error = {};
  try {
    error = (await response.json()).error || {};
  } catch {
    error = { reason: `the response has the status ${response.status}` };
  }
  if (response.status === 401) {
    const tokenFault = session.token ? "The listener does not know this token." : "";
    update({ asksToken: true, tokenFault });
  }
  return new ApiError(response.status, error);
}

async function send(path, options) {
  try {
    return await fetch(path, { cache: "no-store", ...options, headers: headersWith(options.headers) });
  } catch (fault) {
    if (options.signal?.aborted && options.signal.reason?.name !== "TimeoutError") throw fault;
    const reason = fault.name === "TimeoutError"
      ? `no response within ${CALL_TIMEOUT_MS / 1000} s` : "it cannot be reached";
    throw new ApiError(0, { type: "unreachable", reason });
  }
}

/// Returns {data, etag} of a JSON response; throws ApiError.
export async function call(path, { method = "GET", body, headers = {} } = {}) {
  const response = await send(path, {
    method, body, headers, signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (!response.ok) throw await refusalOf(response);
  return { data: await response.json(), etag: response.headers.get("ETag") };
}

/// The endpoints that this version has, as it lists them.
export async function listEndpoints() {
  const response = await send("admin", { headers: {}, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  if (!response.ok) throw await refusalOf(response);
  return new Set([...(await response.text()).matchAll(/^(?:GET|POST) +(\S+)/gm)].map(([, path]) => path));
}

/// Reads server-sent events until the signal ends it: onEvent(name, data). EventSource could not
/// send the token.
export async function readEvents(path, onEvent, signal) {
  const response = await send(path, { headers: {}, signal });
  if (!response.ok) throw await refusalOf(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event);
      const data = /^data: (.*)$/m.exec(event);
      if (name && data) onEvent(name[1], JSON.parse(data[1]));
    }
  }
}

/// Calls `path` now and every `every` ms while the page is visible.
/// Returns {data, etag, error, at, reload}; data stays when a later call fails, and error says so. It
/// stays, too, until another path has responded, so that the page does not jump.
export function usePoll(path, every) {
  const [state, setState] = useState({ path, data: null, etag: null, error: null, at: 0 });
  const reload = useRef(() => {});
  useEffect(() => {
    let ended = false;
    let timer = 0;
    let turn = 0;
    const load = async () => {
      clearTimeout(timer);
      const mine = ++turn;
      const next = { path, error: null, at: Date.now() };
      try {
        Object.assign(next, await call(path));
      } catch (error) {
        next.error = error;
        delete next.at;
      }
      if (ended || mine !== turn) return;
      setState((old) => ({ ...old, ...next }));
      if (every && !document.hidden) timer = setTimeout(load, every);
    };
    const onVisible = () => { if (!document.hidden) load(); };
    reload.current = load;
    if (path) load();
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      ended = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [path, every, session.token]);
  return { ...state, reload: () => reload.current() };
}

/// The current time, redrawn every `every` ms.
export function useNow(every = 1000) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
