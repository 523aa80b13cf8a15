// Draws charts from the tables that stand below them, and says how old the numbers are. Whoever has no
// JavaScript reads the tables.
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';

const SVG = 'http://www.w3.org/2000/svg';
const INK = '#0b0c0c';
const FILL = '#1f4a4f';
// Agencies and teams beyond these are told together.
const MOST = 20;

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function picture(width, height, name) {
  const made = element('svg', {
    viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': name,
  });
  return made;
}

function short(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

// The cells of a table's rows; none where it says that there is nothing.
function read(table) {
  const rows = [...table.tBodies[0].rows].filter((row) => row.cells.length > 1);
  return rows.map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
}

function heads(table) {
  return [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
}

// The largest by name; whatever is smaller goes by one name together.
function largest(rows, column) {
  const sums = new Map();
  for (const row of rows) sums.set(row[column], (sums.get(row[column]) ?? 0) + Number(row[3]));
  const names = [...sums.entries()].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  const shown = new Set(names.slice(0, MOST));
  return (name) => (shown.has(name) ? name : `${names.length - shown.size} others`);
}

// Agency, level, team: the width of each band is the number of referrals.
function flow(box, table, name) {
  const rows = read(table);
  const [agency, team] = [largest(rows, 0), largest(rows, 2)];
  const nodes = new Map();
  const node = (column, text) => {
    const id = `${column} ${text}`;
    if (!nodes.has(id)) nodes.set(id, { id, text, column });
    return id;
  };
  const links = new Map();
  const link = (source, target, value) => {
    const key = `${source}\n${target}`;
    const known = links.get(key) ?? { source, target, value: 0 };
    known.value += value;
    links.set(key, known);
  };
  for (const row of rows) {
    const [from, level, to] = [node(0, agency(row[0])), node(1, row[1]), node(2, team(row[2]))];
    link(from, level, Number(row[3]));
    link(level, to, Number(row[3]));
  }
  const columns = [0, 1, 2].map((at) => [...nodes.values()].filter((n) => n.column === at).length);
  const [width, height] = [900, Math.max(160, Math.max(...columns) * 34)];
  const laid = sankey().nodeId((n) => n.id).nodeAlign((n) => n.column).nodeWidth(14).nodePadding(16)
    .extent([[1, 8], [width - 1, height - 8]])({
      nodes: [...nodes.values()], links: [...links.values()],
    });
  const made = picture(width, height, name);
  const path = sankeyLinkHorizontal();
  for (const band of laid.links) {
    const drawn = element('path', {
      d: path(band), fill: 'none', stroke: FILL, 'stroke-opacity': 0.3, 'stroke-width': Math.max(1, band.width),
    });
    drawn.append(element('title', {}, `${band.source.text} → ${band.target.text}: ${band.value}`));
    made.append(drawn);
  }
  for (const n of laid.nodes) {
    made.append(element('rect', { x: n.x0, y: n.y0, width: n.x1 - n.x0, height: Math.max(1, n.y1 - n.y0), fill: FILL }));
    const right = n.column === 2;
    const label = element('text', {
      x: right ? n.x0 - 6 : n.x1 + 6, y: (n.y0 + n.y1) / 2, dy: '0.35em', fill: INK,
      'text-anchor': right ? 'end' : 'start', class: 'fd-chart__label',
    }, `${short(n.text, 36)}: ${n.value}`);
    label.append(element('title', {}, n.text));
    made.append(label);
  }
  box.append(made);
}

function item(list, heading) {
  const made = document.createElement('li');
  const text = document.createElement('p');
  text.textContent = heading;
  made.append(text);
  list.append(made);
  return made;
}

function listed(box) {
  const list = document.createElement('ul');
  box.append(list);
  return list;
}

// How many took how long: one small picture for each row, with the numbers over the bars.
function steps(box, table, name) {
  const names = heads(table).slice(3);
  const list = listed(box);
  for (const [team, priority, , ...counts] of read(table)) {
    const numbers = counts.map(Number);
    const most = Math.max(1, ...numbers);
    const made = picture(432, 130, `${team}, ${priority}. ${name}`);
    numbers.forEach((count, at) => {
      const [x, tall] = [at * 54, Math.round((count / most) * 80)];
      made.append(element('rect', { x: x + 6, y: 100 - tall, width: 42, height: tall, fill: FILL }));
      made.append(element('text', { x: x + 27, y: 94 - tall, 'text-anchor': 'middle', fill: INK }, count));
      made.append(element('text', { x: x + 27, y: 120, 'text-anchor': 'middle', fill: INK }, names[at]));
    });
    made.append(element('path', { d: 'M0 100H432', stroke: INK }));
    item(list, `${team}, ${priority}`).append(made);
  }
}

// A score from 0 to 100 by day or week: one small picture for each row. Where there is nothing the
// line is broken.
function lines(box, table, name) {
  const names = heads(table).slice(3);
  const list = listed(box);
  const [from, to] = [32, 432];
  const high = (score) => 110 - score;
  const place = (at) => from + (at + 0.5) * ((to - from) / names.length);
  for (const [agency, , , ...cells] of read(table)) {
    const made = picture(to, 140, `${agency}. ${name}`);
    for (const score of [0, 50, 100]) {
      made.append(element('path', { d: `M${from} ${high(score)}H${to}`, stroke: '#b1b4b6' }));
      made.append(element('text', {
        x: from - 4, y: high(score), dy: '0.35em', 'text-anchor': 'end', fill: INK,
      }, score));
    }
    const scores = cells.map(Number);
    const known = scores.map((score, at) => at).filter((at) => Number.isFinite(scores[at]));
    const follows = (at) => at > 0 && Number.isFinite(scores[at - 1]);
    const path = known.map((at) => `${follows(at) ? 'L' : 'M'}${place(at)} ${high(scores[at])}`);
    made.append(element('path', { d: path.join(''), fill: 'none', stroke: FILL, 'stroke-width': 2 }));
    for (const at of known) {
      const y = high(scores[at]);
      made.append(element('circle', { cx: place(at), cy: y, r: 4, fill: FILL }));
      made.append(element('text', {
        x: place(at), y: scores[at] > 80 ? y + 18 : y - 8, 'text-anchor': 'middle', fill: INK,
      }, cells[at]));
    }
    names.forEach((text, at) => {
      made.append(element('text', { x: place(at), y: 134, 'text-anchor': 'middle', fill: INK }, text));
    });
    item(list, agency).append(made);
  }
}

const DRAW = { flow, steps, lines };
for (const box of document.querySelectorAll('[data-chart]')) {
  const table = document.getElementById(box.dataset.of);
  if (read(table).length === 0) continue;
  DRAW[box.dataset.chart](box, table, box.dataset.name);
  // Wider than a telephone: it scrolls by itself, by keyboard as well.
  box.tabIndex = 0;
  box.setAttribute('role', 'region');
  box.setAttribute('aria-label', box.dataset.name);
  box.hidden = false;
}

// A page that is left open says how old its numbers are.
const age = document.getElementById('age');
if (age) {
  const ahead = Date.now() - Date.parse(age.dataset.now);
  const asOf = Date.parse(age.dataset.asOf);
  const tick = () => {
    const minutes = Math.floor((Date.now() - ahead - asOf) / 60_000);
    if (minutes < 2) return;
    const told = minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
    const text = age.dataset.old.replace('AGE', told);
    if (age.textContent !== text) age.textContent = text;
    age.classList.add('lost');
  };
  // Not at once: what the page came with says why its numbers are old.
  setInterval(tick, 10_000);
}
