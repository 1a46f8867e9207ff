/** The host's one voice: numbers and times every event, and queues it behind what was said before. */
import { Subject, type Observable, type SchedulerLike } from 'rxjs';
import { asError, codeOf } from '../core/errors.js';
import type { HostEvent, LiveObjects } from '../core/events.js';
import { Emissions } from '../rx/emissions.js';
import { guard } from '../rx/guarded.js';

type Numbered<E> = E extends unknown ? Omit<E, 'at' | 'seq' | keyof LiveObjects> : never;
export type EventFields = Numbered<HostEvent>;

/** Live objects sit on the prototype's getters, so that what is enumerable is JSON. */
class LiveEvent {
  readonly #live: LiveObjects;
  constructor(fields: object, live: LiveObjects) {
    Object.assign(this, fields);
    this.#live = live;
  }
  get peerId(): LiveObjects['peerId'] {
    return this.#live.peerId;
  }
  get connection(): LiveObjects['connection'] {
    return this.#live.connection;
  }
  get stream(): LiveObjects['stream'] {
    return this.#live.stream;
  }
  get error(): LiveObjects['error'] {
    return this.#live.error;
  }
  with(change: object): LiveEvent {
    return new LiveEvent(Object.assign({}, this, change), this.#live);
  }
}
/** An event on its way out; `with` makes the same event with other fields. */
export type ToldEvent = HostEvent & { with(change: object): HostEvent };

export class EventLog {
  readonly emissions: Emissions;
  readonly event$: Observable<HostEvent>;
  private readonly subject = new Subject<HostEvent>();
  private seq = 0;

  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly warn: (error: Error) => void,
  ) {
    this.emissions = new Emissions((error) => {
      warn(error);
    });
    this.event$ = guard(this.subject, (error) => {
      warn(asError(error));
    });
  }

  /** Whether anybody listens: where making an event costs something, nobody needs to. */
  get observed(): boolean {
    return this.subject.observed;
  }

  /** `also` hears the event right behind the public; where it is given, the event is made although nobody else listens. */
  say(fields: EventFields, live: LiveObjects = {}, also?: (event: ToldEvent) => void): void {
    if (!this.subject.observed && also === undefined) return;
    const at = this.scheduler.now();
    this.emissions.run(() => {
      this.seq += 1;
      // The fields are those of one variant of the union, and the live objects are its getters.
      const event = new LiveEvent({ ...fields, at, seq: this.seq }, live) as unknown as ToldEvent;
      this.subject.next(event);
      also?.(event);
    });
  }

  /** An event that the public has heard before, for one who came later: it has the number of the last one. */
  repeat(fields: EventFields, live: LiveObjects, hear: (event: ToldEvent) => void): void {
    const at = this.scheduler.now();
    this.emissions.run(() => {
      // As in `say`.
      hear(new LiveEvent({ ...fields, at, seq: this.seq }, live) as unknown as ToldEvent);
    });
  }

  /** A failure as a value of the event stream. */
  fail(
    fields: Record<string, unknown> & {
      readonly type:
        'listen:error' | 'connection:refuse' | 'warning' | 'unhandled' | 'limit:refuse' | 'handler:error';
    },
    thrown: unknown,
    live: LiveObjects = {},
  ): void {
    const error = asError(thrown);
    // As in `say`: `type` and its fields belong together where this is called.
    this.say({ ...fields, code: codeOf(error), message: error.message } as unknown as EventFields, {
      ...live,
      error,
    });
  }

  /** An error that nobody handled: an event, or a warning of the process where nobody listens. */
  unhandled(thrown: unknown): void {
    if (this.observed) this.fail({ type: 'unhandled' }, thrown);
    else this.warn(asError(thrown));
  }

  complete(): void {
    this.emissions.run(() => {
      this.subject.complete();
    });
  }
}
