// Runs in the audio thread: hands on what it hears, as interleaved stereo in pieces of 4096 frames.
class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Float32Array(8192);
    this.at = 0;
  }

  process([input]) {
    for (let i = 0; i < 128; i++) {
      for (let c = 0; c < 2; c++) {
        const channel = input[c] || input[0];
        this.piece[this.at++] = channel ? channel[i] : 0;
      }
    }
    if (this.at === this.piece.length) {
      this.port.postMessage(this.piece, [this.piece.buffer]);
      this.piece = new Float32Array(8192);
      this.at = 0;
    }
    return true;
  }
}

registerProcessor('recorder', Recorder);
