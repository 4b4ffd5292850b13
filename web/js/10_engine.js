/* The circuit: the same C that wrote this page, as WebAssembly. */
const engine = {
  async start(base64) {
    const packed = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
    const stream = new Blob([packed]).stream()
      .pipeThrough(new DecompressionStream('gzip'));
    const bytes = await new Response(stream).arrayBuffer();
    const none = () => 0; /* it opens no files */
    const { instance } = await WebAssembly.instantiate(bytes, {
      wasi_snapshot_preview1: { fd_close: none, fd_seek: none, fd_write: none }
    });
    Object.assign(this, instance.exports);
    this._initialize();
    this.keys = [VALUE, GRADIENT].map(side =>
      Array.from({ length: this.page_value_count() },
        (_, value) => this.text(this.page_key(side, value))));
  },
  text(at) {
    if (at === 0) throw new Error(this.text(this.page_message()));
    const bytes = new Uint8Array(this.memory.buffer, at);
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  },
  give(numbers) {
    const at = this.page_room(numbers.length);
    if (at === 0) throw new Error('no memory for so many numbers');
    new Float64Array(this.memory.buffer, at, numbers.length).set(numbers);
  },
  tell(...words) {
    const bytes = new TextEncoder().encode(words.map(w => w + '\0').join(''));
    const at = this.page_room(Math.ceil(bytes.length / 8));
    new Uint8Array(this.memory.buffer, at, bytes.length).set(bytes);
    this.page_words();
  },
  need(done) {
    if (!done) throw new Error(this.text(this.page_message()));
  },
  /* runs a state: its numbers forward and backward */
  run(state) {
    this.tell(state.note, state.source);
    this.give(state.shape);
    this.need(this.page_create(state.shape.length, state.outer, state.channels,
      state.inner, state.eps));
    for (const input of state.inputs) {
      this.give(input.data);
      this.need(this.page_input(input.side, input.value, input.held ? 1 : 0));
    }
    this.need(this.page_run());
  },
  /* the numbers of one side of a value, copied; null: there are none */
  array(side, value) {
    const at = this.page_array(side, value);
    return at === 0 ? null : new Float64Array(this.memory.buffer, at,
      this.page_count(side, value)).slice();
  },
  shape(side, value) {
    const at = this.page_room(8);
    const rank = this.page_shape(side, value, at);
    return Array.from(new Uint32Array(this.memory.buffer, at, rank));
  }
};
