// Start of the web pages.

import { mount } from 'svelte';
import './app.css';
import { whenSignedOut } from './api/client';
import App from './App.svelte';
import { startRouter } from './app/router.svelte';
import { loadSession, startClock } from './app/stores.svelte';
import { startTheme } from './app/theme.svelte';

startTheme();
startRouter();
startClock();
whenSignedOut(() => void loadSession());

const target = document.getElementById('app');
if (target === null) throw new Error('the page has no #app');
mount(App, { target });
