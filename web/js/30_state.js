/* The batch, what is looked at, and the way back. */
const bytesOf = base64 =>
  Uint8Array.from(atob(base64), c => c.charCodeAt(0));
const numbersOf = base64 => {
  const bytes = bytesOf(base64);
  if (bytes.length % 8 !== 0) throw new Error('numbers are cut off');
  return new Float64Array(bytes.buffer);
};
const base64Of = numbers => {
  let text = '';
  for (const byte of new Uint8Array(numbers.buffer.slice(
    numbers.byteOffset, numbers.byteOffset + numbers.byteLength)))
    text += String.fromCharCode(byte);
  return btoa(text);
};

const packState = s => ({ ...s, inputs: s.inputs.map(i =>
  [i.side, i.value, i.held ? 1 : 0, base64Of(i.data)]) });
const unpackState = s => ({ ...s, inputs: s.inputs.map(
  ([side, value, held, data]) => ({ side, value, held: held === 1,
    data: numbersOf(data) })) });
const copyState = s => ({ ...s, shape: [...s.shape],
  inputs: s.inputs.map(i => ({ ...i, data: i.data.slice() })) });

/* What somebody else's link claims to be is looked at closely. */
const checkState = s => {
  const whole = n => Number.isInteger(n) && n >= 1;
  const elements = s.outer * s.channels * s.inner;
  if (![s.outer, s.channels, s.inner].every(whole) || elements > MOST ||
      !Array.isArray(s.shape) || s.shape.length > 8 || !s.shape.every(whole) ||
      s.shape.reduce((a, b) => a * b, 1) !== elements ||
      !(s.eps >= 0 && s.eps < Infinity) || typeof s.note !== 'string' ||
      typeof s.source !== 'string')
    throw new Error('the link holds no batch');
  const first = unpackState(JSON.parse($('state').textContent));
  if (s.inputs.length !== first.inputs.length)
    throw new Error('the link holds another circuit');
  s.inputs.forEach((input, i) => {
    const like = first.inputs[i];
    const full = like.data.length === first.outer * first.channels * first.inner
      && (like.side === GRADIENT || like.value === 0);
    if (input.side !== like.side || input.value !== like.value ||
        input.held !== like.held ||
        input.data.length !== (full ? elements : s.channels))
      throw new Error('the link holds arrays of another shape');
  });
  const looks = s.side === VALUE || s.side === GRADIENT;
  if (!looks || !(s.value >= 0 && s.value < engine.keys[0].length) ||
      !Number.isInteger(s.at) || s.at < 0 || !Number.isInteger(s.step) ||
      s.step < 0 || s.step > 99)
    throw new Error('the link looks at nothing');
  return s;
};

const PREFIX = '#b=';
const toLink = s => PREFIX + btoa(JSON.stringify(packState(
  { ...s, note: '', source: '' }))).replaceAll('+', '-').replaceAll('/', '_')
  .replaceAll('=', '');
const fromLink = hash => checkState(unpackState(JSON.parse(atob(
  hash.slice(PREFIX.length).replaceAll('-', '+').replaceAll('_', '/')))));

let state, original;
const past = [], future = [];
const say = (words, wrong = false) => {
  $('message').textContent = words;
  $('message').classList.toggle('wrong', wrong);
};

const inputOf = (side, value, s = state) =>
  s.inputs.find(i => i.side === side && i.value === value);

/* Where the number looked at would be outside, the first one is. */
const keepLook = () => {
  const count = engine.page_array(state.side, state.value) === 0 ? 0
    : engine.page_count(state.side, state.value);
  if (state.at >= count) state.at = 0;
  engine.page_look(state.step, state.side, state.value, state.at, mistake);
};

let mistake = -1;
const render = () => {
  keepLook();
  for (let part = 0; part < PARTS; part++)
    patch($('part-' + part), engine.text(engine.page_render(part)));
  for (const field of document.querySelectorAll('#part-0 input[readonly]'))
    field.removeAttribute('readonly');
  $('undo').disabled = past.length === 0;
  $('redo').disabled = future.length === 0;
  $('reset').disabled = past.length === 0;
  showLook();
  showStep();
};

/* Runs another state and shows it; false, and why, when it cannot run.
 * `done` keeps account of the step once it is known to be possible. */
const show = (next, words, done) => {
  const before = state;
  try {
    engine.run(next);
  } catch (error) {
    engine.run(before);
    say(error.message, true);
    return false;
  }
  state = next;
  done();
  render();
  say(words);
  return true;
};

/* The same after an edit, which can be undone.  Edits of one `field` in a row
 * are undone together. */
let editing = null;
const edit = (next, field, words = '') => {
  const before = state;
  next.source = '';
  next.note = 'Edited. “Start again” brings the batch back that xhat wrote.';
  return show(next, words, () => {
    if (field === null || field !== editing) past.push(before);
    if (past.length > 200) past.shift();
    editing = field;
    future.length = 0;
  });
};

const move = (from, to) => {
  if (from.length === 0) return;
  const before = state;
  editing = null;
  show(from.at(-1), '', () => { from.pop(); to.push(before); });
};
const undo = () => move(past, future);
const redo = () => move(future, past);
