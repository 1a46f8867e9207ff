/** A secured channel: seals what is written, opens what is read. Byte path (ADR 2; measured by `bench/`). */
import type { Observable, Observer } from 'rxjs';
import type { Bytes, Duplex, PlainChannel, PlainReader, RoomWatcher, Writable } from '../../core/duplex.js';
import { piecesOf } from '../../core/bytes.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { plainOf } from '../../rx/plain.js';
import { ReadableChannel } from '../../rx/readable-channel.js';
import type { Opener, Sealer } from './cipher-codec.js';

/** Its own sink, and the reader of the channel below: every connection has one, and nothing is made twice. */
export class NoiseDuplex extends ReadableChannel implements Duplex, Observer<Writable>, PlainReader {
  /** Below, the channel is read just while somebody reads here. */
  hasRoom = false;
  readonly keepsNothing = true;
  private readonly channel: PlainChannel;

  constructor(
    private readonly raw: Duplex,
    private readonly sealer: Sealer,
    private readonly opener: Opener,
    /** Came with the handshake's last message; opened when somebody reads. */
    private rest?: Bytes,
  ) {
    super();
    this.channel = plainOf(raw);
    this.channel.attach(this);
  }

  get sink(): this {
    return this;
  }
  get room$(): Observable<boolean> {
    return this.raw.room$;
  }

  // ── what is written ────────────────────────────────────────────────────────────────────────────────────────────────
  next(bytes: Writable): void {
    this.write(piecesOf(bytes));
  }

  override write(pieces: readonly Uint8Array[]): void {
    try {
      this.channel.write(this.sealer.seal(pieces));
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
  override watchRoom(watcher: RoomWatcher): void {
    this.channel.watchRoom(watcher);
  }

  override onDemand(wanted: boolean): void {
    this.hasRoom = wanted;
    if (wanted) this.openRest();
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
    this.openRest();
    if (this.opener.midway)
      this.side.fail(
        new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended inside a noise message'),
      );
    else this.side.end();
  }

  onFail(error: Error): void {
    this.side.fail(error);
  }

  private openRest(): void {
    const { rest } = this;
    this.rest = undefined;
    if (rest !== undefined) this.onBytes(rest);
  }

  /** The reset goes first: whoever hears of the failure may end the channel in good order, and the remote would hear that. */
  private fail(error: Error): void {
    this.raw.sink.error(error);
    this.side.fail(error);
  }
}
