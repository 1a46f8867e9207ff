import type { Bytes, Duplex, PlainReader } from '../core/duplex.js';
import { concatBytes, NO_BYTES } from '../core/bytes.js';
import { Layer } from './layer.js';
import { taken } from './read-side.js';

/**
 * The same channel, with `bytes` still to be read before what follows: how a layer that has read too far hands the rest
 * on. The channel below is read only while somebody reads here, and only while that reader has room.
 */
export function unread(duplex: Duplex, bytes: Bytes | undefined): Duplex {
  return bytes === undefined || bytes.byteLength === 0 ? duplex : new Unread(duplex, bytes);
}

class Unread extends Layer {
  /** Who reads while there is a rest, and while it is handed out. */
  private reader: PlainReader | undefined;

  constructor(
    duplex: Duplex,
    private rest: Bytes | undefined,
  ) {
    super(duplex);
  }

  get below(): Duplex | undefined {
    return this.rest === undefined ? this.duplex : undefined;
  }

  /** What a reader above puts back was read before what still waits here, which is all of it or nothing. */
  release(more: Bytes = NO_BYTES): unknown {
    return this.duplex.release?.(this.rest === undefined ? more : concatBytes(more, this.rest));
  }

  attach(reader: PlainReader): void {
    const before = this.reader;
    // Below, whoever comes turns the others out; one that is inside `onBytes` hears of it behind that.
    if (this.rest === undefined) {
      if (before !== undefined) this.reader = reader;
      this.channel.attach(reader);
      return;
    }
    this.reader = reader;
    before?.onFail(taken());
    this.give();
  }

  override pull(reader: PlainReader): void {
    if (this.rest === undefined) this.channel.pull(reader);
    else this.give();
  }

  override detach(reader: PlainReader): void {
    if (this.reader === reader) this.reader = undefined;
    this.channel.detach(reader);
  }

  private give(): void {
    const { reader, rest } = this;
    if (reader?.hasRoom !== true || reader.isOver || rest === undefined) return;
    this.rest = undefined;
    reader.onBytes(rest);
    const after = this.reader;
    this.reader = undefined;
    if (after === reader && !after.isOver) this.channel.attach(reader);
    else if (after !== undefined && after !== reader) reader.onFail(taken());
  }
}
