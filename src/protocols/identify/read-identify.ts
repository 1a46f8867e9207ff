import { map, pipe, reduce, type OperatorFunction } from 'rxjs';
import { Libp2pError } from '../../core/errors.js';
import { lengthPrefixed } from '../../rx/frames.js';
import { addPart, MAX_PART_BYTES, NO_PARTS, type IdentifyMessage } from './identify-message.js';

/**
 * The parts of a stream as one message, once the remote has ended its side. Errors with ERR_MESSAGE_TOO_LONG (one part),
 * a `LimitError` (the eleventh), ERR_INVALID_PROTOBUF, ERR_UNEXPECTED_END (inside a part, or without one).
 */
export function readIdentify(): OperatorFunction<Uint8Array, IdentifyMessage> {
  return pipe(
    lengthPrefixed({ maxBytes: MAX_PART_BYTES }),
    reduce(addPart, NO_PARTS),
    map(({ count, message }) => {
      if (count === 0)
        throw new Libp2pError('ERR_UNEXPECTED_END', 'remote', 'the stream ended without an identify message');
      return message;
    }),
  );
}
