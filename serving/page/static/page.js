"use strict";

// Titles, features and words come from data: they are only ever set as text, never as HTML.
const CHOICES = 8;
const SEARCHED = 2; // characters of a user's id
const LONGEST_HISTORY = 500;
const NARROW = "(max-width: 800px)"; // as in page.css
const $ = (id) => document.getElementById(id);
const state = {
  words: {}, // title of the data set, noun and nouns of its items
  items: [],
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

// A button whose text is a sign: its name is what it does.
function signButton(sign, name, action) {
  const made = button(sign, name, action);
  made.setAttribute("aria-label", name);
  return made;
}

function itemRow({ id, title, score, details, because = [] }) {
  const name = button(title, inWords("similar {nouns}"), () => attempt(() => showSimilar(id, title)));
  name.className = "title";
  const seen = new Set(state.shown.history);
  const row = element("div", { className: "item" }, name);
  if (score !== undefined) {
    row.append(element("span", { className: "number", textContent: score.toFixed(3) }));
  }
  if (!seen.has(id)) row.append(signButton("+", `Add ${title} to the history`, () => add(id)));
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
  forOwn();
}

function remove(id) {
  state.own = state.own.filter((other) => other !== id);
  forOwn();
}

function forOwn() {
  $("user").value = $("item").value = "";
  chooseItems();
  choose($("users"), []);
  history.replaceState(null, "", location.pathname);
  attempt(() => recommend({ history: state.own }));
}

function forUser(user) {
  state.own = [];
  $("user").value = user;
  choose($("users"), []);
  history.replaceState(null, "", `?user=${encodeURIComponent(user)}`);
  return attempt(() => recommend({ user }));
}

function explain(answer, user) {
  if (answer.known_user) return "Chosen for this history.";
  const whom = user ? ` of a user ${user}` : "";
  return `Nothing is known${whom}: this is what is popular lately.`;
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
  $("known").textContent = explain(answer, query.user);
  if (require.length) {
    $("known").textContent += inWords(` ${answer.filtered} {nouns} do not pass the filter.`);
  }
  $("score").textContent = inWords(answer.known_user
    ? "The number is the model’s score: how well a {noun} fits the history, and how popular it is " +
      "where that counts. More is better; only numbers of one list compare."
    : "The number is how often a {noun} was chosen lately.");
  $("history").replaceChildren(...answer.history.map((item) => {
    const row = itemRow(item);
    if (state.own.includes(item.id)) {
      const label = `Remove ${item.title} from the history`;
      row.firstChild.append(signButton("×", label, () => remove(item.id)));
    }
    return row;
  }));
  $("recommendations").replaceChildren(...answer.items.map(itemRow));
  draw();
}

let latestSimilar = 0;
async function showSimilar(id, title) {
  const mine = ++latestSimilar;
  const answer = await ask(`api/similar?item=${encodeURIComponent(id)}`);
  if (mine !== latestSimilar) return;
  $("similar-hint").textContent = `to ${title}; the number is the cosine of both vectors: ` +
    "1 at most, 0 where nothing is alike.";
  $("similar").replaceChildren(...answer.items.map(itemRow));
  state.shown.similar = [id, ...answer.items.map((item) => item.id)];
  draw();
  // In one column the answer is far below the title that was tapped.
  if (matchMedia(NARROW).matches) $("similar-to").scrollIntoView();
}

// Shows choices, or what is said where there are none.
function choose(list, found, nothing = "") {
  const none = nothing && !found.length
    ? [element("li", { className: "none", textContent: nothing })] : [];
  list.replaceChildren(...none, ...found.map(([text, action]) =>
    element("li", {}, button(text, "", action))));
}

async function chooseUsers() {
  const typed = $("user").value.trim();
  const enough = typed.length >= SEARCHED;
  const found = enough ? (await ask(`api/users?starts=${encodeURIComponent(typed)}`)).users : [];
  if (typed !== $("user").value.trim()) return; // more was typed meanwhile
  const choices = found.map((user) => [`user ${user}`, () => forUser(user)]);
  choose($("users"), choices, enough && `No user begins with ${typed}.`);
}

function chooseItems() {
  const typed = $("item").value.trim().toLowerCase();
  const found = [];
  for (const [id, title] of typed ? state.items : []) {
    if (title.toLowerCase().includes(typed)) found.push([title, () => add(id)]);
    if (found.length === CHOICES) break;
  }
  choose($("found"), found, typed && `No title matches ${typed}.`);
}

async function start() {
  const answer = await ask("api/catalogue");
  state.words = answer;
  state.items = answer.items;
  for (const each of document.querySelectorAll("[data-words]")) {
    each.textContent = inWords(each.dataset.words);
  }
  document.title = inWords("{title} recommendations");
  answer.facets.forEach(facet);
  $("facets").hidden = !answer.facets.length;
  for (const each of [$("user"), $("user").labels[0]]) each.hidden = !answer.users;
  $("user").oninput = () => attempt(chooseUsers);
  $("user").onkeydown = (event) => {
    if (event.key === "Enter" && event.target.value.trim()) forUser(event.target.value.trim());
  };
  $("item").oninput = chooseItems;
  $("clear").onclick = () => {
    state.own = [];
    forOwn();
  };
  startMap();
  const asked = new URLSearchParams(location.search).get("user");
  if (asked) await forUser(asked);
  else await recommend({ history: [] });
}

attempt(start);
