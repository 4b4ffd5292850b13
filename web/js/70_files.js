/* ---- files to save ------------------------------------------------------- */

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const crc32 = bytes => {
  let crc = 0xffffffff;
  for (const byte of bytes)
    crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

const npy = (shape, numbers) => {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const told = `{'descr': '<f8', 'fortran_order': False, 'shape': (${tuple}), }`;
  const size = Math.ceil((told.length + 11) / 64) * 64;
  const bytes = new Uint8Array(size + 8 * numbers.length);
  bytes.set([0x93, 78, 85, 77, 80, 89, 1, 0, (size - 10) & 255,
    (size - 10) >> 8]);
  bytes.set(new TextEncoder().encode(told.padEnd(size - 11) + '\n'), 10);
  bytes.set(new Uint8Array(numbers.buffer), size);
  return bytes;
};

/* A zip of stored files: [name, bytes]. */
const zip = files => {
  const parts = [], directory = [];
  let offset = 0;
  for (const [name, bytes] of files) {
    const label = new TextEncoder().encode(name);
    const head = new DataView(new ArrayBuffer(30));
    head.setUint32(0, 0x04034b50, true);
    head.setUint16(4, 20, true);
    head.setUint32(14, crc32(bytes), true);
    head.setUint32(18, bytes.length, true);
    head.setUint32(22, bytes.length, true);
    head.setUint16(12, 33, true); /* 1 January 1980 */
    head.setUint16(26, label.length, true);
    const entry = new DataView(new ArrayBuffer(46));
    entry.setUint32(0, 0x02014b50, true);
    entry.setUint16(4, 20, true);
    for (let i = 0; i < 26; i += 2)
      entry.setUint16(6 + i, head.getUint16(4 + i, true), true);
    entry.setUint32(42, offset, true);
    parts.push(head.buffer, label, bytes);
    directory.push(entry.buffer, label);
    offset += 30 + label.length + bytes.length;
  }
  const size = directory.reduce((n, part) => n + part.byteLength, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end.buffer]);
};

/* every array of the run: [key, shape, numbers] */
const arrays = () => {
  const all = [];
  for (const side of [VALUE, GRADIENT])
    engine.keys[side].forEach((key, value) => {
      const numbers = engine.array(side, value);
      if (numbers !== null) all.push([key, engine.shape(side, value), numbers]);
    });
  return all;
};

const makers = {
  npz: () => zip([...arrays(), ['eps', [], Float64Array.of(state.eps)]]
    .map(([key, shape, numbers]) => [key + '.npy', npy(shape, numbers)])),
  csv: () => {
    const lines = ['array,row,column,value'];
    for (const [key, shape, numbers] of arrays()) {
      const width = shape.length === state.shape.length
        ? state.channels * state.inner : shape[shape.length - 1];
      numbers.forEach((number, k) => lines.push(
        `${key},${Math.floor(k / width)},${k % width},${number}`));
    }
    return new Blob([lines.join('\n') + '\n'], { type: 'text/csv' });
  },
  svg: () => new Blob([engine.text(engine.page_svg())],
    { type: 'image/svg+xml' }),
  json: () => new Blob([engine.text(engine.page_json())],
    { type: 'application/json' })
};

const startSaving = () => {
  for (const button of document.querySelectorAll('[data-save]'))
    button.onclick = () => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(makers[button.dataset.save]());
      link.download = 'circuit.' + button.dataset.save;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
      say(`${link.download} is saved.`);
    };
};
