// Numbers, times and names as text.

const LONGEST_NAME = 120; // a client may choose names of many KiB

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const codePoint = (c) => `<U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}>`;

/// Characters that would be invisible or reorder the text beside them are shown as their code point:
/// the same ones as in the terminal (core/visible_text.h).
export function visible(text) {
  return String(text).replace(HIDDEN, codePoint);
}

/// The same for text of several lines.
export function visibleLines(text) {
  return String(text).replace(HIDDEN, (c) => (c === "\n" || c === "\t" ? c : codePoint(c)));
}

/// {text, rest}: the beginning of a long name, and how many characters are left out.
export function shorten(text, longest = LONGEST_NAME) {
  const all = [...String(text).slice(0, 2 * longest)];
  const whole = String(text);
  if (all.length <= longest && whole.length <= 2 * longest) return { text: visible(whole), rest: 0 };
  const kept = all.slice(0, longest).join("");
  return { text: visible(kept), rest: whole.length - kept.length };
}

export function count(number) {
  if (number === null || number === undefined) return "–";
  return Math.round(number).toLocaleString("en-US");
}

export function rate(number) {
  if (number >= 100) return count(number);
  return number >= 10 ? number.toFixed(1) : number.toFixed(number === 0 ? 0 : 2);
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
export function bytes(number) {
  if (number === null || number === undefined) return "–";
  let unit = 0;
  while (number >= 1024 && unit < UNITS.length - 1) {
    number /= 1024;
    ++unit;
  }
  return `${unit && number < 100 ? number.toFixed(1) : Math.round(number)} ${UNITS[unit]}`;
}

/// Microseconds.
export function micros(us) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1e3).toFixed(us < 1e4 ? 1 : 0)} ms`;
  if (us < 60e6) return `${(us / 1e6).toFixed(us < 1e7 ? 2 : 1)} s`;
  return duration(us / 1000);
}

/// Milliseconds, in the two largest units.
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (s < 60) return `${s} s`;
  const [large, size, small, rest] = s < 3600 ? ["min", 60, "s", 1] : s < 86400 ? ["h", 3600, "min", 60] : ["d", 86400, "h", 3600];
  const second = Math.floor((s % size) / rest);
  return `${Math.floor(s / size)} ${large}${second > 0 ? ` ${second} ${small}` : ""}`;
}

/// The time of day in UTC, as logs have it.
export function clock(time) {
  return new Date(time).toISOString().slice(11, 19);
}

/// `10m`, `1h30m`, `45s`, `2d` in seconds; null if it is none.
export function parseLife(text) {
  const match = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text.trim());
  if (!match || !text.trim()) return null;
  const [d, h, m, s] = match.slice(1).map((part) => Number(part || 0));
  return d * 86400 + h * 3600 + m * 60 + s;
}

/// A word of a shell's command line.
export function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/// `tenant=acme agent="my agent"` as {values, fault}.
export function parseFilter(text, known) {
  const values = {};
  const words = text.match(/[^\s=]+="[^"]*"|\S+/g) || [];
  for (const word of words) {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    if (!known.includes(name)) return { values, fault: `A filter is one of: ${known.join(", ")}.` };
    const value = word.slice(at + 1).replace(/^"(.*)"$/, "$1");
    if (at < 0 || !value) return { values, fault: `${name} needs a value: ${name}=VALUE` };
    values[name] = value;
  }
  return { values, fault: "" };
}

export function filterText(name, value) {
  return /[\s"]/.test(value) ? `${name}="${value}"` : `${name}=${value}`;
}

export function queryOf(values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== "" && value !== null && value !== undefined) query.set(name, value);
  }
  // The listener takes percent-encoding only.
  return query.toString().replaceAll("+", "%20");
}
