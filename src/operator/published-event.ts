import type { PublishedEvent } from '../domain/event.ts';
import { describeEvent } from '../observability/describe-event.ts';
import { eventSchema } from './response-schema.ts';

/**
 * Whether a value is an event that can be shown. A newer service may send events that this program
 * does not know, and another server may send anything. Such events are skipped.
 */
export function isPublishedEvent(value: unknown): value is PublishedEvent {
  if (!eventSchema.safeParse(value).success) return false;
  try {
    describeEvent(value as PublishedEvent);
    return true;
  } catch {
    return false; // a field of the event is missing
  }
}
