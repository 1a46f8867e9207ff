/** A secured channel: seals what is written, opens what is read. Byte path (ADR 2; measured by `bench/`). */
import type { Observable } from 'rxjs';
import type { Bytes, Duplex, Writable } from '../../core/duplex.js';
import { asError, Libp2pError } from '../../core/errors.js';
import { Flag } from '../../rx/flag.js';
import { ReadSide } from '../../rx/read-side.js';
import type { Opener, Sealer } from './cipher-codec.js';

export class NoiseDuplex implements Duplex {
  readonly sink = {
    next: (bytes: Writable): void => {
      this.write(bytes);
    },
    error: (error: unknown): void => {
      this.raw.sink.error(error);
    },
    complete: (): void => {
      this.raw.sink.complete();
    },
  };
  /** Below, the channel is read just while somebody reads here. */
  private readonly wanted = new Flag(false);
  private readonly side = new ReadSide({
    onDemand: (wanted) => {
      this.wanted.set(wanted);
    },
  });
  private readonly emit = (plaintext: Bytes): void => {
    this.side.push(plaintext);
  };

  constructor(
    private readonly raw: Duplex,
    private readonly sealer: Sealer,
    private readonly opener: Opener,
  ) {
    raw.read(this.wanted.$).subscribe({
      next: (chunk) => {
        this.receive(chunk);
      },
      error: (error: unknown) => {
        this.side.fail(asError(error));
      },
      complete: () => {
        if (opener.midway)
          this.side.fail(
            new Libp2pError('ERR_UNEXPECTED_END', 'network', 'the channel ended inside a noise message'),
          );
        else this.side.end();
      },
    });
  }

  get room$(): Observable<boolean> {
    return this.raw.room$;
  }

  read(room$?: Observable<boolean>): Observable<Bytes> {
    return this.side.read(room$);
  }

  private write(bytes: Writable): void {
    if (bytes.byteLength === 0) return;
    try {
      this.raw.sink.next(this.sealer.seal(bytes));
    } catch (error) {
      this.fail(asError(error));
    }
  }

  private receive(chunk: Bytes): void {
    if (this.side.ended) return;
    try {
      this.opener.open(chunk, this.emit);
    } catch (error) {
      this.fail(asError(error));
    }
  }

  /** The reset goes first: whoever hears of the failure may end the channel in good order, and the remote would hear that. */
  private fail(error: Error): void {
    this.raw.sink.error(error);
    this.side.fail(error);
  }
}
