/* Marks what is written into the blanks.  The page has hashes of the answers:
 * see src/circuit/quiz.h for what is hashed. */
const $ = id => document.getElementById(id);
const [salt, roundsText, digitsText] = $('salt').textContent.trim().split(',');
const rounds = Number(roundsText), digits = Number(digitsText);
const encode = text => new TextEncoder().encode(text);

const hash = (place, answer) => {
  const state = new Uint8Array(32 + salt.length);
  state.set(sha256(encode(`${salt}|${place}|${answer}`)));
  state.set(encode(salt), 32);
  for (let i = 0; i < rounds; i++) state.set(sha256(state));
  return [...state.subarray(0, 8)]
    .map(byte => byte.toString(16).padStart(2, '0')).join('');
};

/* "5.60e-1", and one unit beside it: what rounding on the way may have done */
const spellings = number => {
  if (Math.abs(number) < 1e-9) return ['0'];
  const spell = n => n.toExponential(digits - 1).replace('e+', 'e');
  const power = Number(number.toExponential(digits - 1).split('e')[1]);
  const unit = 10 ** (power - digits + 1);
  return [...new Set([number, number + unit, number - unit].map(spell))];
};

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const FRACTION = /^([+-]?[\d.]+)\/([\d.]+)$/; /* 1/3 is a way to write it */
const parse = text => {
  const word = text.trim().replace(/^−/, '-').replace(/\s*\/\s*/, '/');
  const parts = FRACTION.exec(word);
  if (parts !== null) return Number(parts[1]) / Number(parts[2]);
  return NUMBER.test(word) ? Number(word) : NaN;
};

/* null: nothing is written; else whether it is right */
const mark = field => {
  if (field.value.trim() === '') return null;
  const number = parse(field.value);
  return Number.isFinite(number) && spellings(number).some(answer =>
    hash(field.getAttribute('aria-label'), answer) === field.dataset.hash);
};

const fields = [...document.querySelectorAll('input[data-hash]')];
const cardOf = field => field.closest('article').getAttribute('aria-label');

/* Marks by gate, and all together. */
const showMarks = () => {
  const gates = new Map();
  for (const field of fields) {
    const name = cardOf(field).replace('backward step', 'step')
      .split(':')[0];
    const [right, all] = gates.get(name) ?? [0, 0];
    gates.set(name, [right + field.classList.contains('right'), all + 1]);
  }
  const total = fields.filter(f => f.classList.contains('right')).length;
  $('marks').replaceChildren(...[
    ['together', [total, fields.length]], ...gates].map(
    ([name, [right, all]]) => {
      const word = document.createElement('span');
      word.textContent = `${name} ${right}/${all}` +
        (right === all ? ' ✓' : '');
      return word;
    }));
};

for (const field of fields)
  field.addEventListener('change', () => {
    const right = mark(field);
    field.classList.toggle('right', right === true);
    field.classList.toggle('wrong', right === false);
    field.setAttribute('aria-invalid', right === false ? 'true' : 'false');
    field.title = right === null ? '' : right ? 'right ✓' : 'not right ✗';
    showMarks();
  });
document.body.classList.add('ready');
showMarks();
})();
