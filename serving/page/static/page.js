"use strict";

// Titles, features and words come from data: they are only ever set as text, never as HTML.
const CHOICES = 8;
const LONGEST_HISTORY = 500;
const $ = (id) => document.getElementById(id);
const state = {
  words: {}, // title of the data set, noun and nouns of its items
  items: [],
  users: [],
  own: [],
  query: { history: [] }, // who is answered now
  shown: { history: [], recommended: [], similar: [] },
};

function inWords(text) {
  return text.replace(/\{(\w+)\}/g, (_, name) => state.words[name]);
}

async function ask(path, body) {
  const options = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  $("error").hidden = true;
  $("version").textContent = `answered by version ${answer.version}`;
  return answer;
}

function attempt(action) {
  return action().catch((error) => {
    $("error").textContent = error.message;
    $("error").hidden = false;
  });
}

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function button(text, title, action) {
  return element("button", { type: "button", textContent: text, title, onclick: action });
}

function itemRow({ id, title, score, details, because = [] }) {
  const name = button(title, inWords("similar {nouns}"), () => attempt(() => showSimilar(id, title)));
  name.className = "title";
  const seen = new Set(state.shown.history);
  const row = element("div", { className: "item" }, name);
  if (score !== undefined) {
    row.append(element("span", { className: "number", textContent: score.toFixed(3) }));
  }
  if (!seen.has(id)) row.append(button("+", "I saw this one", () => add(id)));
  const item = element("li", {}, row);
  const known = Object.entries(details).map(([feature, text]) => `${feature}: ${text}`);
  if (known.length) {
    item.append(element("span", { className: "details", textContent: known.join(" · ") }));
  }
  if (because.length) {
    const near = because.map((each) => each.title).join(" and ");
    item.append(element("span", { className: "because", textContent: `near ${near}` }));
  }
  return item;
}

function add(id) {
  if (state.own.includes(id)) return;
  const before = state.own.length ? state.own : state.shown.history;
  state.own = [id, ...before].slice(0, LONGEST_HISTORY);
  $("user").value = "";
  $("item").value = "";
  chooseItems();
  attempt(() => recommend({ history: state.own }));
}

function remove(id) {
  state.own = state.own.filter((other) => other !== id);
  attempt(() => recommend({ history: state.own }));
}

function forUser(user) {
  state.own = [];
  $("user").value = user;
  $("users").replaceChildren();
  attempt(() => recommend({ user }));
}

function facet({ feature, name, values, least, most }) {
  const change = () => attempt(() => recommend(state.query));
  const field = (text, control, operator) => {
    control.dataset.term = feature + operator;
    control.onchange = change;
    $("facets").append(element("label", { textContent: text }, control));
  };
  if (values) {
    const options = values.map((value) => new Option(value, value));
    field(name, element("select", {}, new Option("any", ""), ...options), "=");
  } else {
    const bound = (placeholder) =>
      element("input", { type: "number", step: "any", placeholder });
    field(`${name} from`, bound(least), ">=");
    field(`${name} to`, bound(most), "<=");
  }
}

function required() {
  return [...document.querySelectorAll("[data-term]")]
    .filter((control) => control.value)
    .map((control) => control.dataset.term + control.value);
}

let latest = 0;
async function recommend(query) {
  const mine = ++latest;
  state.query = query;
  const require = required();
  const answer = await ask("api/recommendations", { ...query, require });
  if (mine !== latest) return; // a later click was answered first, or will be
  state.shown.history = answer.history.map((item) => item.id);
  state.shown.recommended = answer.items.map((item) => item.id);
  $("history-of").textContent = query.user === undefined
    ? inWords("Your {nouns}, latest first") : `History of user ${query.user} (${answer.history.length})`;
  $("clear").hidden = !state.own.length;
  $("known").textContent = answer.known_user
    ? "Chosen for this history; the score is the model’s."
    : "Nothing is known: this is what is popular lately.";
  if (require.length) {
    $("known").textContent += inWords(` ${answer.filtered} {nouns} do not pass the filter.`);
  }
  $("history").replaceChildren(...answer.history.map((item) => {
    const row = itemRow(item);
    if (state.own.includes(item.id)) {
      row.firstChild.append(button("×", "take it away", () => remove(item.id)));
    }
    return row;
  }));
  $("recommendations").replaceChildren(...answer.items.map(itemRow));
  draw();
}

async function showSimilar(id, title) {
  const answer = await ask(`api/similar?item=${encodeURIComponent(id)}`);
  $("similar-hint").textContent = `to ${title}, by cosine`;
  $("similar").replaceChildren(...answer.items.map(itemRow));
  state.shown.similar = [id, ...answer.items.map((item) => item.id)];
  draw();
}

function choose(list, found) {
  list.replaceChildren(...found.map(([text, action]) =>
    element("li", {}, button(text, "", action))));
}

function chooseUsers() {
  const typed = $("user").value.trim();
  const found = typed ? state.users.filter((user) => user.startsWith(typed)) : [];
  choose($("users"), found.slice(0, CHOICES).map((user) => [`user ${user}`, () => forUser(user)]));
}

function chooseItems() {
  const typed = $("item").value.trim().toLowerCase();
  const found = [];
  for (const [id, title] of typed ? state.items : []) {
    if (title.toLowerCase().includes(typed)) found.push([title, () => add(id)]);
    if (found.length === CHOICES) break;
  }
  choose($("found"), found);
}

function place(canvas, x, y) {
  const margin = 12;
  return [
    margin + (x + 1) / 2 * (canvas.clientWidth - 2 * margin),
    margin + (1 - y) / 2 * (canvas.clientHeight - 2 * margin),
  ];
}

function draw() {
  const canvas = $("map");
  const scale = window.devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const colours = getComputedStyle(document.documentElement);
  const dots = (ids, colour, radius) => {
    context.fillStyle = colour;
    for (const [id, , x, y] of state.items) {
      if (ids && !ids.has(id)) continue;
      context.beginPath();
      context.arc(...place(canvas, x, y), radius, 0, 2 * Math.PI);
      context.fill();
    }
  };
  dots(null, "rgba(128, 140, 150, .35)", 2);
  for (const kind of ["history", "similar", "recommended"]) {
    dots(new Set(state.shown[kind]), colours.getPropertyValue(`--${kind}`), 5);
  }
}

function nearestItem(event) {
  const canvas = $("map");
  const box = canvas.getBoundingClientRect();
  let best = null;
  let least = 20 ** 2; // pixels
  for (const item of state.items) {
    const [x, y] = place(canvas, item[2], item[3]);
    const distance = (x - event.clientX + box.left) ** 2 + (y - event.clientY + box.top) ** 2;
    if (distance < least) [best, least] = [item, distance];
  }
  return best;
}

function pointAt(event) {
  const item = nearestItem(event);
  if (item) $("pointed").textContent = item[1];
  return item;
}

async function start() {
  const answer = await ask("api/catalogue");
  state.words = answer;
  state.items = answer.items;
  state.users = answer.users;
  for (const each of document.querySelectorAll("[data-words]")) {
    each.textContent = inWords(each.dataset.words);
  }
  document.title = inWords("{title} recommendations");
  if (state.users.length) $("user").placeholder = `user id, such as ${state.users[0]}`;
  answer.facets.forEach(facet);
  $("facets").hidden = !answer.facets.length;
  $("user").oninput = chooseUsers;
  $("user").onkeydown = (event) => {
    if (event.key === "Enter" && event.target.value.trim()) forUser(event.target.value.trim());
  };
  $("item").oninput = chooseItems;
  $("clear").onclick = () => {
    state.own = [];
    attempt(() => recommend({ history: [] }));
  };
  $("map").onpointermove = pointAt;
  $("map").onclick = (event) => {
    const item = pointAt(event);
    if (item) attempt(() => showSimilar(item[0], item[1]));
  };
  window.onresize = draw;
  await recommend({ history: [] });
}

attempt(start);
