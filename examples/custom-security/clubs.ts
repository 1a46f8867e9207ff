/**
 * Two members of a club, who know its password, and a stranger, who guesses.
 *
 *   npm run example examples/custom-security/clubs.ts
 */
import { randomBytes } from 'node:crypto';
import { firstValueFrom } from 'rxjs';
import { createHost, DialError, noise } from 'rx-libp2p';
import { withPassword } from './password.js';

const secret = randomBytes(32);
const listen = ['/ip4/127.0.0.1/tcp/0'];
await using anna = await createHost({ listen, security: [withPassword(noise(), secret)] });
await using bert = await createHost({ listen, security: [withPassword(noise(), secret)] });
await using carl = await createHost({ listen, security: [withPassword(noise(), randomBytes(32))] });

const connection = await firstValueFrom(bert.dial(anna.addrs));
console.log(`bert: connected, by ${connection.encryption}`);
await firstValueFrom(carl.dial(anna.addrs)).catch((error: unknown) => {
  if (error instanceof DialError) console.log(`carl: ${error.errors[0]?.error.message ?? error.message}`);
});
