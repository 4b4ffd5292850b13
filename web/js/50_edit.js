/* ---- editing ------------------------------------------------------------- */

/* numbers that stand in for those nobody gave, as `xhat explain` fills dout */
const filler = k => {
  const part = ((k + 1) * 0.6180339887498949) % 1;
  return Math.round(100 * (2 * part - 1)) / 100;
};

/* The state with another N and D: what fits is kept. */
const resized = (rows, columns) => {
  if (!Number.isInteger(rows) || !Number.isInteger(columns) || rows < 1 ||
      columns < 1)
    throw new Error('N and D are whole numbers, at least 1');
  if (rows * columns > MOST)
    throw new Error(`${rows} × ${columns} is more than the ${MOST} elements ` +
      'that a page computes with');
  const next = copyState(state);
  Object.assign(next, { shape: [rows, columns], outer: rows,
    channels: columns, inner: 1 });
  for (const input of next.inputs) {
    const old = input.data;
    const full = input.side === GRADIENT || input.value === 0;
    const fresh = new Float64Array(full ? rows * columns : columns);
    for (let k = 0; k < fresh.length; k++) {
      const r = full ? Math.floor(k / columns) : 0, c = k % columns;
      const inside = c < state.channels && (!full || r < state.outer);
      const unit = input.side === VALUE && /gamma|var/.test(
        engine.keys[VALUE][input.value]);
      fresh[k] = inside ? old[r * state.channels + c]
        : !full ? (unit ? 1 : 0)
        : input.side === GRADIENT ? filler(k) : Math.round(10 * filler(k));
    }
    input.data = fresh;
  }
  return next;
};

/* Puts rows of numbers into an input, at a cell of it. */
const placed = (side, value, rows, at) => {
  const key = engine.keys[side][value];
  const full = side === GRADIENT || value === 0;
  const height = rows.length, width = rows[0].length;
  const flat = state.shape.length === 2;
  let next = copyState(state);
  if (value === 0 && side === VALUE && at === 0 && flat)
    next = resized(height, width); /* a whole batch */
  const columns = full ? next.channels * next.inner : next.channels;
  const most = full ? next.outer : 1;
  const row = Math.floor(at / columns), column = at % columns;
  if (row + height > most || column + width > columns)
    throw new Error(`${height} × ${width} numbers do not fit into ${key}, ` +
      `${most} × ${columns}` + (at > 0 ? ', from that cell on' : ''));
  const data = inputOf(side, value, next).data;
  rows.forEach((numbers, r) => numbers.forEach((number, c) => {
    data[(row + r) * columns + column + c] = number;
  }));
  return next;
};

const cellOf = field => {
  const [side, value] = field.closest('table').dataset.array.split('.')
    .map(Number);
  return { side, value, k: Number(field.dataset.k) };
};

const refuse = (field, words) => {
  field.setAttribute('aria-invalid', 'true');
  say(words, true);
};

const editField = field => {
  const number = parseNumber(field.value);
  if (number === null) {
    refuse(field, `${field.getAttribute('aria-label') || field.id}: ` +
      `“${field.value}” is not a number`);
    return;
  }
  field.removeAttribute('aria-invalid');
  try {
    if (field.id === 'eps') {
      edit({ ...copyState(state), eps: number }, 'eps');
    } else if (field.id === 'size-n' || field.id === 'size-d') {
      edit(field.id === 'size-n' ? resized(number, state.channels)
        : resized(state.outer, number), null);
    } else {
      const { side, value, k } = cellOf(field);
      const next = copyState(state);
      inputOf(side, value, next).data[k] = number;
      edit(next, `${side}.${value}.${k}`);
    }
  } catch (error) {
    refuse(field, error.message);
  }
};

const pasteInto = (side, value, text, at) => {
  const rows = parseMatrix(text);
  edit(placed(side, value, rows, at), null,
    `${rows.length} × ${rows[0].length} numbers are in ` +
    engine.keys[side][value]);
};

const startEditing = () => {
  const given = $('part-0');
  given.addEventListener('input', event => {
    if (event.target.id.startsWith('size-')) return; /* on change */
    editField(event.target);
  });
  given.addEventListener('change', event => {
    if (event.target.id.startsWith('size-')) editField(event.target);
  });
  given.addEventListener('focusout', event => {
    if (event.target.localName !== 'input') return;
    editing = null;
    if (event.target.hasAttribute('aria-invalid')) {
      event.target.removeAttribute('aria-invalid');
      event.target.value = event.target.getAttribute('value');
      say('');
    }
  });
  given.addEventListener('paste', event => {
    const text = event.clipboardData.getData('text');
    if (event.target.dataset.k === undefined ||
        parseNumber(text) !== null) return;
    event.preventDefault();
    const { side, value, k } = cellOf(event.target);
    try {
      pasteInto(side, value, text, k);
    } catch (error) {
      say(error.message, true);
    }
  });
  $('undo').onclick = undo;
  $('redo').onclick = redo;
  $('reset').onclick = () => {
    const before = state;
    editing = null;
    show(copyState(original), 'The batch that xhat wrote is back.', () => {
      past.push(before);
      future.length = 0;
    });
  };
  document.addEventListener('keydown', event => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' ||
        event.target.localName === 'textarea') return;
    event.preventDefault();
    (event.shiftKey ? redo : undo)();
  });
  $('paste-into').replaceChildren(...state.inputs.map(i =>
    new Option(engine.keys[i.side][i.value], `${i.side}.${i.value}`)));
  const form = $('paste-form');
  const close = () => { form.hidden = true; $('paste').focus(); };
  $('paste').onclick = () => { form.hidden = false; $('paste-text').focus(); };
  $('paste-cancel').onclick = close;
  form.onkeydown = event => { if (event.key === 'Escape') close(); };
  form.onsubmit = event => {
    event.preventDefault();
    try {
      const [side, value] = $('paste-into').value.split('.').map(Number);
      pasteInto(side, value, $('paste-text').value, 0);
      close();
    } catch (error) {
      say(error.message, true);
    }
  };
  $('link').onclick = () => {
    history.replaceState(null, '', toLink(state));
    const done = () => say('The link is in the address bar and copied.');
    const failed = () => say('The link is in the address bar.');
    if (navigator.clipboard === undefined) failed();
    else navigator.clipboard.writeText(location.href).then(done, failed);
  };
};
