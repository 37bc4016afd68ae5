/** A control shows what was asked for from the click on, until what the server says of it is on the page. */
import { notifyManager } from "@tanstack/react-query";
import { startTransition, useOptimistic } from "react";

/**
 * What a control shows, and a way to ask for another value. A mutation's state reaches React only with the next batch:
 * bound to that, a checkbox springs back right after the click.
 *
 * `act` resolves, never rejects, when the server has answered and what it said was read again; if it refused, the
 * control falls back to `actual`.
 */
export function useWished<T>(actual: T): [T, (wish: T, act: () => Promise<unknown>) => void] {
  const [shown, show] = useOptimistic(actual);
  const wish = (value: T, act: () => Promise<unknown>) =>
    startTransition(async () => {
      show(value);
      await act();
      await new Promise<void>((told) => notifyManager.schedule(told)); // what was read is drawn before
    });
  return [shown, wish];
}
