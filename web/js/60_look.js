/* ---- one number ---------------------------------------------------------- */

const look = (side, value, at) => {
  if (engine.page_array(side, value) === 0 ||
      !(at >= 0 && at < engine.page_count(side, value))) return;
  Object.assign(state, { side, value, at });
  render();
};

const widthOf = (side, value) => {
  const shape = engine.shape(side, value);
  if (shape.length === state.shape.length)
    return state.channels * state.inner;
  return shape[shape.length - 1];
};

const showLook = () => {
  const menu = $('look-array');
  const names = [];
  for (const side of [GRADIENT, VALUE])
    engine.keys[side].forEach((key, value) => {
      if (engine.page_array(side, value) !== 0)
        names.push([key, `${side}.${value}`]);
    });
  if (menu.options.length !== names.length)
    menu.replaceChildren(...names.map(([key, id]) => new Option(key, id)));
  menu.value = `${state.side}.${state.value}`;
  const width = widthOf(state.side, state.value);
  const row = $('look-row'), column = $('look-column');
  if (row !== document.activeElement) row.value = Math.floor(state.at / width);
  if (column !== document.activeElement) column.value = state.at % width;
};

const startLooking = () => {
  $('look-array').onchange = event =>
    look(...event.target.value.split('.').map(Number), 0);
  const place = () => {
    const width = widthOf(state.side, state.value);
    const row = Number($('look-row').value), column =
      Number($('look-column').value);
    const at = row * width + column;
    if (Number.isInteger(row) && Number.isInteger(column) && column >= 0 &&
        column < width && at >= 0 &&
        at < engine.page_count(state.side, state.value)) {
      look(state.side, state.value, at);
      say('');
    } else {
      say(`row ${$('look-row').value}, column ${$('look-column').value}: ` +
        'there is no such number', true);
    }
  };
  $('look-row').onchange = place;
  $('look-column').onchange = place;
  const chosen = target => {
    const table = target.closest('[data-array]'), cell = target.closest('td');
    if (table === null || cell === null || cell.closest('.rest') !== null)
      return;
    const [side, value, columns] = table.dataset.array.split('.').map(Number);
    const named = cell.parentNode.firstElementChild.localName === 'th';
    const row = cell.parentNode.rowIndex - 1;
    const column = cell.cellIndex - (named ? 1 : 0);
    if (row >= 0 && cell.textContent !== '…')
      look(side, value, row * columns + column);
  };
  document.addEventListener('click', event => {
    if (event.target.localName !== 'input') chosen(event.target);
  });
  $('part-0').addEventListener('focusin', event => {
    if (event.target.dataset.k !== undefined) chosen(event.target);
  });
};

/* ---- steps --------------------------------------------------------------- */

const cards = () => [...document.querySelectorAll('[data-step]')];
const still = matchMedia('(prefers-reduced-motion: reduce)');

const showStep = () => {
  const now = cards().find(c => Number(c.dataset.step) === state.step);
  $('step-name').textContent = now === undefined ? 'Step through the circuit'
    : `${state.step} of ${cards().length}: ` + now.getAttribute('aria-label');
};

const isSeen = element => {
  const box = element.getBoundingClientRect();
  return box.top < innerHeight - 60 && box.bottom > 0;
};

const step = to => {
  const count = cards().length;
  state.step = to < 0 ? count : to > count ? 0 : to;
  render();
  const behavior = still.matches ? 'auto' : 'smooth';
  const node = document.querySelector('.node.now');
  if (isSeen($('part-1'))) {
    node?.scrollIntoView({ behavior, block: 'nearest', inline: 'center' });
  } else {
    document.querySelector('.card.now')
      ?.scrollIntoView({ behavior, block: 'nearest' });
  }
};

let playing = null;
const play = on => {
  clearInterval(playing);
  playing = on ? setInterval(() => {
    if (state.step >= cards().length) play(false);
    else step(state.step + 1);
  }, still.matches ? 2500 : 1600) : null;
  $('step-play').textContent = on ? 'Pause' : 'Play';
  $('step-play').setAttribute('aria-pressed', on ? 'true' : 'false');
};

const startStepping = () => {
  $('step-back').onclick = () => { play(false); step(state.step - 1); };
  $('step-next').onclick = () => { play(false); step(state.step + 1); };
  $('step-play').onclick = () => {
    if (playing === null && state.step >= cards().length) step(0);
    play(playing === null);
  };
  document.addEventListener('keydown', event => {
    const busy = /^(input|select|textarea)$/.test(event.target.localName) ||
      event.target.id === 'part-1' || event.ctrlKey || event.altKey ||
      event.metaKey;
    if (busy || !/^Arrow(Left|Right)$/.test(event.key)) return;
    event.preventDefault();
    play(false);
    step(state.step + (event.key === 'ArrowRight' ? 1 : -1));
  });
  $('part-1').addEventListener('click', event => {
    const node = event.target.closest('.node');
    if (node === null) return;
    event.preventDefault();
    play(false);
    const gate = Number(node.dataset.gate), last = cards().length;
    /* forward first, and the way back when it is chosen again */
    step(state.step === gate ? last - gate : gate);
    document.querySelector(`.node[data-gate="${gate}"]`).focus();
  });
};
