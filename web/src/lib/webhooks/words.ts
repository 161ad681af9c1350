// The words of the pages of webhooks in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const h = (): typeof ru => (i18n.lang === 'ru' ? ru : en);
