// The device that is being added, kept in this tab: reload and a wrong click lose nothing. Passwords are not kept.

const KEY = 'uzel.draft.device';

export function keepDraft(draft: unknown): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // Storage is denied: the draft lasts as long as the page.
  }
}

export function keptDraft<T extends object>(usual: T): T | null {
  try {
    const text = sessionStorage.getItem(KEY);
    return text ? { ...usual, ...(JSON.parse(text) as Partial<T>) } : null;
  } catch {
    return null;
  }
}

export function dropDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // There is none then.
  }
}
