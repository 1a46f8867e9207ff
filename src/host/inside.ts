/** What a host shows to its own services, and to nobody else. */
import type { Subscription } from 'rxjs';
import type { ServiceDeps } from '../services/deps.js';

export interface HostInside extends Pick<
  ServiceDeps,
  'registry' | 'router' | 'addrs' | 'connect' | 'informStreams' | 'report'
> {
  /** Ends with the host. */
  readonly working: Subscription;
}
