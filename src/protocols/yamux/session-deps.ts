import type { SchedulerLike } from 'rxjs';
import type { Slab } from './batch.js';
import type { Heartbeats } from './heartbeat.js';
import type { YamuxLimits } from './limits.js';

/** What the sessions of one muxer share. */
export interface SessionDeps {
  readonly scheduler: SchedulerLike;
  readonly heartbeats: Heartbeats;
  readonly limits: YamuxLimits;
  readonly slab: Slab;
  /** For tests: where our stream ids begin. */
  readonly firstStreamId?: number;
}
