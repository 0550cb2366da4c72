// The tag of all templates. Text from outside is cleaned where it enters the page, whatever shows it.
//
// A hole of a template is text, or a part of a tag. Strings in text, and in the attributes that
// people see or hear, are shown with their hidden characters as code points (visibleLines()). Other
// attributes keep their values: a form has to send back what it was given.
import { html as build } from "./htm-preact.js";
import { visibleLines } from "./format.js";

const SHOWN_ATTRIBUTE = /\s(?:aria-label|title|alt|placeholder|label|summary)=(?:"[^"]*)?$/;
const known = new WeakMap(); // by a template: of each hole, whether it is shown

function shownHoles(strings) {
  let text = "";
  return strings.slice(0, -1).map((part) => {
    text += part;
    const tag = text.lastIndexOf("<");
    return tag <= text.lastIndexOf(">") || SHOWN_ATTRIBUTE.test(text.slice(tag));
  });
}

function clean(value) {
  if (typeof value === "string") return visibleLines(value);
  return Array.isArray(value) ? value.map(clean) : value;
}

export function html(strings, ...values) {
  let shown = known.get(strings);
  if (!shown) {
    shown = shownHoles(strings);
    known.set(strings, shown);
  }
  return build(strings, ...values.map((value, i) => (shown[i] ? clean(value) : value)));
}
