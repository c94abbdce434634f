// Keeps the server's list alive. The list is complete without this file; it only fills the same row again.
const lang = document.documentElement.lang;
const query = new URLSearchParams(location.search);
const all = await (await fetch("web/texts.json")).json();
const texts = all[lang];
const body = document.querySelector("#list tbody");
const template = document.querySelector("#row");
const connection = document.querySelector("#connection");
const pause = document.querySelector("#pause");
const RETRY_MS = 10_000, TICK_MS = 10_000, ACCOUNT_MS = 5_000, CHANGED_MS = 2_000;
let source = null, retry = 0, paused = false, storeAnswers = true;

function ageText(seconds) {
  const [word, size] = seconds < 60 ? ["s", 1] : seconds < 3600 ? ["min", 60] : seconds < 172_800 ? ["h", 3600] : ["d", 86_400];
  return texts.age[word].replace("{n}", Math.floor(seconds / size));
}

function numberText(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 1 ? 1 : 3;
  return new Intl.NumberFormat(lang, { maximumFractionDigits: digits, useGrouping: false }).format(value);
}

function span(name, text) {
  const made = document.createElement("span");
  made.className = name;
  made.textContent = text;
  return made;
}

function valueItem(one) {
  const item = document.createElement("li");
  const shown = all.shown[one.quantity];
  const depth = one.depth_cm === undefined ? "" : " " + texts.depth.replace("{n}", one.depth_cm);
  const value = one.value === null ? "–" : `${numberText(one.value)} ${shown.unit}`;
  item.append(span("quantity", shown[lang] + depth), ": ", span("value", value));
  const flag = texts.qualities[one.quality];
  if (flag) item.append(" ", span("flag", `(${flag})`));
  return item;
}

function valueItems(station) {
  const order = Object.keys(all.shown);
  const values = Object.values(station.latest).filter((one) => one.quantity in all.shown);
  values.sort((a, b) => order.indexOf(a.quantity) - order.indexOf(b.quantity) || (a.depth_cm ?? 0) - (b.depth_cm ?? 0));
  return values.map(valueItem);
}

function isWanted(station) {
  return ["organisation", "kind", "state"].every((name) => !query.get(name) || query.get(name) === station[name]);
}

function rowOf(id) {
  return body.querySelector(`tr[data-id="${CSS.escape(id)}"]`);
}

function fill(row, station) {
  const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
  cell("name").textContent = station.name || station.id;
  cell("kind").textContent = texts.kinds[station.kind] ?? station.kind;
  cell("organisation").textContent = station.organisation_name;
  cell("state").textContent = texts.states[station.state];
  cell("state").parentElement.dataset.state = station.state;
  cell("state").previousElementSibling.textContent = all.icons[station.state];
  cell("values").replaceChildren(...valueItems(station));
  cell("seen").dateTime = station.last_seen ?? "";
  cell("stale").hidden = !station.stale;
}

function contentOf(row) {
  return ["name", "state", "values"].map((name) => row.querySelector(`[data-cell="${name}"]`).textContent).join();
}

function show(station) {
  if (!body) { location.reload(); return; }
  let row = rowOf(station.id);
  if (!isWanted(station)) { row?.remove(); count(); return; }
  if (!row) {
    row = template.content.firstElementChild.cloneNode(true);
    row.dataset.id = station.id;
    body.append(row);
  }
  const before = contentOf(row);
  fill(row, station);
  tick();
  count();
  if (contentOf(row) === before) return;
  row.classList.add("changed");
  setTimeout(() => row.classList.remove("changed"), CHANGED_MS);
}

function count() {
  document.querySelector("#no-match").hidden = body.rows.length > 0;
  document.querySelector("#shown").textContent = texts.shown.replace("{n}", body.rows.length);
}

function tick() {
  for (const seen of document.querySelectorAll("time[data-cell=seen]")) {
    const age = (Date.now() - Date.parse(seen.dateTime)) / 1000;
    const text = Number.isNaN(age) ? texts.never : ageText(Math.max(0, age));
    if (seen.textContent !== text) seen.textContent = text;
  }
}

function say(word) {
  const text = texts.connection[word];
  connection.dataset.connection = word;
  if (connection.textContent !== text) connection.textContent = text;
}

function leave() {
  clearTimeout(retry);
  source?.close();
  source = null;
}

function listen() {
  leave();
  say("connecting");
  source = new EventSource(`api/v1/stream?since=${document.body.dataset.since}`);
  source.onopen = () => say(storeAnswers ? "live" : "store");
  source.onerror = () => {
    say("lost");
    if (source.readyState === EventSource.CLOSED) retry = setTimeout(listen, RETRY_MS);
  };
  source.addEventListener("latest", (event) => {
    if (event.lastEventId) document.body.dataset.since = event.lastEventId;
    show(JSON.parse(event.data));
  });
  source.addEventListener("gone", (event) => { rowOf(JSON.parse(event.data).id)?.remove(); count(); });
  source.addEventListener("store", (event) => {
    storeAnswers = JSON.parse(event.data).reachable;
    say(storeAnswers ? "live" : "store");
  });
}

async function account() {
  const answer = await fetch("api/v1/status").catch(() => null);
  if (!answer?.ok) return;
  const sinks = Object.values((await answer.json()).sinks);
  document.querySelector("#unbalanced").hidden = sinks.every((one) => one.balanced);
  // Every sink settles the same messages, so the one that has come furthest speaks for all.
  const furthest = sinks.reduce((most, one) => one.cursor > most.cursor ? one : most, { cursor: -1, received: 0, in_flight: 0, counts: {} });
  const numbers = { stored: 0, duplicate: 0, dead_letter: 0, expired: 0, ...furthest.counts, received: furthest.received, in_flight: furthest.in_flight };
  for (const [word, number] of Object.entries(numbers)) {
    const shown = document.querySelector(`#account [data-count=${word}]`);
    if (shown) shown.textContent = number;
    if (word === "expired") shown.parentElement.hidden = !number;
  }
}

function togglePause() {
  paused = !paused;
  pause.textContent = paused ? texts.resume : texts.pause;
  if (paused) { leave(); say("paused"); } else listen();
}

if (connection) {
  if (pause) { pause.hidden = false; pause.addEventListener("click", togglePause); }
  setInterval(() => { if (!document.hidden && !paused) tick(); }, TICK_MS);
  setInterval(() => { if (!document.hidden && !paused) account(); }, ACCOUNT_MS);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted && !paused) listen(); });
  listen();
}
