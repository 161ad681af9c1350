// The words of the pages of accounts and of the audit in the language in force.

import { i18n } from '../i18n/index.svelte';
import { en } from './en';
import { ru } from './ru';

export const u = (): typeof ru => (i18n.lang === 'ru' ? ru : en);
