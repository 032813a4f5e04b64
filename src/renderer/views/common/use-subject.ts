import { onBeforeUnmount, watch } from 'vue';
import { usePlace } from '../../stores/place.ts';

/** Says in the title of the window what the calling view shows, as long as it is mounted; empty for nothing of its own. */
export function useSubject(subject: () => string): void {
  const place = usePlace();
  let own = '';
  watch(subject, (text) => (place.subject = own = text), { immediate: true });
  onBeforeUnmount(() => {
    // The next view may have said its own already.
    if (place.subject === own) place.subject = '';
  });
}
