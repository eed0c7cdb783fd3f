"use strict";

// The map: every item's vector on a plane, to be explored by pointer or by arrow keys.
const MARGIN = 12; // pixels, as all lengths here
const REACH = 20;
const RADIUS = 5;
const SHAPES = {
  history: (context, x, y) => context.arc(x, y, RADIUS, 0, 2 * Math.PI),
  similar: (context, x, y) => polygon(context, x, y, [[0, -6], [6, 5], [-6, 5]]),
  recommended: (context, x, y) => polygon(context, x, y, [[0, -6], [6, 0], [0, 6], [-6, 0]]),
};
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

let pointed = null; // the item that is pointed at

function polygon(context, x, y, corners) {
  for (const [right, down] of corners) context.lineTo(x + right, y + down);
  context.closePath();
}

function place(canvas, x, y) {
  return [
    MARGIN + (x + 1) / 2 * (canvas.clientWidth - 2 * MARGIN),
    MARGIN + (1 - y) / 2 * (canvas.clientHeight - 2 * MARGIN),
  ];
}

function draw() {
  const canvas = $("map");
  const scale = window.devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = canvas.clientHeight * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const style = (name) => getComputedStyle(canvas).getPropertyValue(name);
  const paint = (items, colour, shape) => {
    context.fillStyle = colour;
    for (const [, , x, y] of items) {
      context.beginPath();
      shape(context, ...place(canvas, x, y));
      context.fill();
    }
  };
  paint(state.items, style("color"), (pen, x, y) => pen.arc(x, y, 1.5, 0, 2 * Math.PI));
  for (const kind of ["history", "similar", "recommended"]) {
    const shown = new Set(state.shown[kind]);
    const items = state.items.filter(([id]) => shown.has(id));
    paint(items, getComputedStyle(document.querySelector(`.legend .${kind}`)).fill, SHAPES[kind]);
  }
  if (!pointed) return;
  context.strokeStyle = getComputedStyle(document.body).color;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(...place(canvas, pointed[2], pointed[3]), RADIUS + 4, 0, 2 * Math.PI);
  context.stroke();
}

function point(item) {
  if (!item || item === pointed) return;
  pointed = item;
  const kinds = Object.keys(SHAPES).filter((kind) => state.shown[kind].includes(item[0]));
  $("pointed").textContent = [item[1], ...kinds].join(", ");
  draw();
}

// Returns the item of least `cost`, a function of pixels to the right and down of a place.
function nearest([fromX, fromY], cost) {
  let best = null;
  let least = Infinity;
  for (const item of state.items) {
    const [x, y] = place($("map"), item[2], item[3]);
    const expense = cost(x - fromX, y - fromY);
    if (expense < least) [best, least] = [item, expense];
  }
  return best;
}

function atPointer(event) {
  const box = $("map").getBoundingClientRect();
  return nearest([event.clientX - box.left, event.clientY - box.top], (right, down) => {
    const distance = Math.hypot(right, down);
    return distance < REACH ? distance : Infinity;
  });
}

// Returns the nearest item within 45 degrees of a direction; at first, the one in the middle.
function towards([right, down]) {
  const canvas = $("map");
  if (!pointed) return nearest([canvas.clientWidth / 2, canvas.clientHeight / 2], Math.hypot);
  return nearest(place(canvas, pointed[2], pointed[3]), (x, y) => {
    const along = x * right + y * down;
    const aside = Math.abs(x * down - y * right);
    return along > 0 && aside <= along ? Math.hypot(x, y) : Infinity;
  });
}

function press(event) {
  if (event.key in ARROWS) point(towards(ARROWS[event.key]));
  else if (["Enter", " "].includes(event.key) && pointed) choosePointed();
  else return;
  event.preventDefault();
}

function choosePointed() {
  attempt(() => showSimilar(pointed[0], pointed[1]));
}

function startMap() {
  $("map").onpointermove = (event) => point(atPointer(event));
  $("map").onclick = (event) => {
    const item = atPointer(event);
    point(item);
    if (item) choosePointed();
  };
  $("map").onkeydown = press;
  window.onresize = draw;
}
