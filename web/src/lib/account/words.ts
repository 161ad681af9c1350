// The words of signing in and of one's own account in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const c = (): typeof ru => (i18n.lang === 'ru' ? ru : en);
