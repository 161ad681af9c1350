// Copies text; the answer is a toast, because a clipboard shows nothing by itself.

import { t } from '../i18n/index.svelte';
import { toasts } from './toasts.svelte';

export async function copy(text: string): Promise<void> {
  try {
    // Plain HTTP on another machine has no clipboard: the selection way still works there.
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!bySelection(text)) throw new Error('refused');
    toasts.say({ figure: 'ok', title: t().copied });
  } catch {
    toasts.say({ figure: 'late', title: t().copyFailed, failed: true });
  }
}

function bySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'vh';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

/** Gives the text as a file. */
export function download(text: string, name: string, type: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
  // The browser has taken the blob when the click returns; the address is let go a turn later.
  setTimeout(() => URL.revokeObjectURL(href), 0);
}
