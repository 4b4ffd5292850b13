/* Numbers as people write them. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const parseNumber = text => {
  const word = text.trim().replace(/^−/, '-');
  if (NUMBER.test(word)) return Number(word);
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(word);
  if (special === null) return null;
  if (special[2].toLowerCase() === 'nan') return NaN;
  return special[1] === '-' ? -Infinity : Infinity;
};

/* Rows of numbers from a spreadsheet's cells, a CSV, or NumPy's print. */
const parseMatrix = text => {
  if (/\.\.\./.test(text))
    throw new Error('NumPy left numbers out of this print (...): print it ' +
      'after np.set_printoptions(threshold=np.inf)');
  let lines;
  if (text.includes('[')) {
    const inner = [...text.matchAll(/\[([^[\]]*)\]/g)].map(m => m[1]);
    if (inner.length === 0) throw new Error('a bracket is not closed');
    lines = inner.map(line => line.replace(/\s+/g, ' '));
  } else {
    lines = text.split(/\r?\n|;(?!.*\t)/);
  }
  lines = lines.filter(line => line.trim() !== '');
  if (lines.length === 0) throw new Error('there is no number in it');
  const cells = lines.map(line => {
    const trimmed = line.replace(/^ +| +$/g, '').replace(/,$/, '');
    if (trimmed.includes('\t')) /* decimal commas, as some spreadsheets write */
      return trimmed.split('\t').map(c => c.replace(/^(\s*[+-]?\d+),(\d+)/,
        '$1.$2'));
    return trimmed.includes(',') ? trimmed.split(',') : trimmed.split(/\s+/);
  });
  if (cells.length > 1 && cells[0].every(c => parseNumber(c) === null))
    cells.shift(); /* a line of names */
  return cells.map((row, r) => {
    if (row.length !== cells[0].length)
      throw new Error(`row ${r} has ${row.length} numbers, but row 0 has ` +
        `${cells[0].length}`);
    return row.map((cell, c) => {
      const number = parseNumber(cell);
      if (number === null)
        throw new Error(`row ${r}, column ${c}: “${cell.trim()}” is not a ` +
          'number');
      return number;
    });
  });
};
