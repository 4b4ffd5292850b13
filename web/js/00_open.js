(() => {
'use strict';
const $ = id => document.getElementById(id);
const VALUE = 0, GRADIENT = 1;
const PARTS = 7; /* of html.h */
const MOST = 4096; /* elements, as in circuit_page.h */
