import type { Bytes, Duplex, PlainReader } from '../core/duplex.js';
import { Front, Layer } from './layer.js';

/** The same channel, telling when the first bytes are read from it. Whoever reads after that reads the channel itself. */
export function tellFirstByte(duplex: Duplex, heard: () => void): Duplex {
  return new FirstByte(duplex, heard);
}

class FirstByte extends Layer {
  private waiting = true;

  constructor(
    duplex: Duplex,
    private readonly heard: () => void,
  ) {
    super(duplex);
  }

  get below(): Duplex | undefined {
    return this.waiting ? undefined : this.duplex;
  }

  release(bytes?: Bytes): unknown {
    return this.duplex.release?.(bytes);
  }

  attach(reader: PlainReader): void {
    if (this.waiting) this.attachFront(new FirstReader(reader, this));
    else this.channel.attach(reader);
  }

  hear(): void {
    if (!this.waiting) return;
    this.waiting = false;
    this.heard();
  }
}

class FirstReader extends Front {
  constructor(
    reader: PlainReader,
    private readonly channel: FirstByte,
  ) {
    super(reader);
  }

  onBytes(bytes: Bytes): void {
    this.channel.hear();
    this.reader.onBytes(bytes);
  }
}
