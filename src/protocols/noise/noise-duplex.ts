/** A secured channel: seals what is written, opens what is read. Byte path (ADR 2; measured by `bench/`). */
import type { Observable, Observer } from 'rxjs';
import type { Bytes, Duplex, PlainChannel, PlainReader, RoomWatcher, Writable } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { plainOf } from '../../rx/plain.js';
import { ReadSide, type ReadSideOwner } from '../../rx/read-side.js';
import type { Opener, Sealer } from './cipher-codec.js';

/** Its own sink, and the reader of the channel below: every connection has one, and nothing is made twice. */
export class NoiseDuplex implements Duplex, Observer<Writable>, PlainChannel, PlainReader, ReadSideOwner {
  /** Below, the channel is read just while somebody reads here. */
  hasRoom = false;
  private readonly side = new ReadSide(this);
  private readonly channel: PlainChannel;

  constructor(
    private readonly raw: Duplex,
    private readonly sealer: Sealer,
    private readonly opener: Opener,
  ) {
    this.channel = plainOf(raw);
    this.channel.attach(this);
  }

  get sink(): this {
    return this;
  }
  get plain(): this {
    return this;
  }
  get room$(): Observable<boolean> {
    return this.raw.room$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  // ── what is written ────────────────────────────────────────────────────────────────────────────────────────────────
  next(bytes: Writable): void {
    if (bytes.byteLength === 0) return;
    try {
      this.raw.sink.next(this.sealer.seal(bytes));
    } catch (error) {
      this.fail(asError(error));
    }
  }

  error(error: unknown): void {
    this.raw.sink.error(error);
  }

  complete(): void {
    this.raw.sink.complete();
  }

  // ── for the layer above ────────────────────────────────────────────────────────────────────────────────────────────
  attach(reader: PlainReader): void {
    this.side.attachPlain(reader);
  }

  pull(reader: PlainReader): void {
    this.side.pull(reader);
  }

  detach(reader: PlainReader): void {
    this.side.detach(reader);
  }

  watchRoom(watcher: RoomWatcher): void {
    this.channel.watchRoom(watcher);
  }

  onDemand(wanted: boolean): void {
    this.hasRoom = wanted;
    this.channel.pull(this);
  }

  // ── what comes ─────────────────────────────────────────────────────────────────────────────────────────────────────
  get isOver(): boolean {
    return this.side.ended;
  }

  onBytes(chunk: Bytes): void {
    if (this.side.ended) return;
    try {
      // One closure a chunk costs less than one kept for every connection.
      this.opener.open(chunk, (plaintext) => {
        this.side.push(plaintext);
      });
    } catch (error) {
      this.fail(asError(error));
    }
  }

  onEnd(): void {
    if (this.opener.midway)
      this.side.fail(
        new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended inside a noise message'),
      );
    else this.side.end();
  }

  onFail(error: Error): void {
    this.side.fail(error);
  }

  /** The reset goes first: whoever hears of the failure may end the channel in good order, and the remote would hear that. */
  private fail(error: Error): void {
    this.raw.sink.error(error);
    this.side.fail(error);
  }
}
