// A test of a connection: asked for, followed while it goes, ended when nobody looks any more.

import { type ApiError, OFFLINE } from '../api/client';
import { type DeviceBody, type DeviceTest, asError, keep } from './api';

const EVERY_MS = 300;

export class Trying {
  test = $state.raw<DeviceTest | null>(null);
  error = $state.raw<ApiError | null>(null);
  asked = $state(false);
  #id: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #run = 0;

  get busy(): boolean {
    return this.asked && this.test?.state !== 'ended';
  }

  async start(body: DeviceBody, device: number | null): Promise<void> {
    this.stop();
    const run = (this.#run += 1);
    this.test = null;
    this.error = null;
    this.asked = true;
    try {
      const { id } = await keep.test(body, device);
      if (run !== this.#run) return void keep.endTest(id).catch(() => undefined);
      this.#id = id;
      await this.#look(run);
    } catch (cause) {
      if (run === this.#run) this.#failed(asError(cause));
    }
  }

  async #look(run: number): Promise<void> {
    if (run !== this.#run || this.#id === null) return;
    try {
      const test = await keep.testOf(this.#id);
      if (run !== this.#run) return;
      this.test = test;
      this.error = null;
      if (test.state === 'ended') {
        this.#id = null;
        return;
      }
    } catch (cause) {
      const error = asError(cause);
      if (run !== this.#run) return;
      // The server comes back and still knows the test; anything else is its last word.
      if (error.code !== OFFLINE) return this.#failed(error);
      this.error = error;
    }
    this.#timer = setTimeout(() => void this.#look(run), EVERY_MS);
  }

  #failed(error: ApiError): void {
    this.error = error;
    this.asked = false;
    this.#id = null;
  }

  /** Ends it; what is known of it stays on the screen. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#run += 1;
    if (this.#id !== null) keep.endTest(this.#id).catch(() => undefined);
    this.#id = null;
    this.asked = false;
  }
}
