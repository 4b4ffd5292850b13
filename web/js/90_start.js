/* ---- the start ----------------------------------------------------------- */

const readLink = () => {
  if (!location.hash.startsWith(PREFIX)) return;
  try {
    const linked = fromLink(location.hash);
    edit(linked, null, 'The batch of the link.');
  } catch (error) {
    say(`This link cannot be read: ${error.message}`, true);
  }
};

const start = async () => {
  await engine.start($('module').textContent.trim());
  original = unpackState(JSON.parse($('state').textContent));
  state = copyState(original);
  engine.run(state);
  render();
  document.body.classList.add('ready');
  startEditing();
  startLooking();
  startStepping();
  startSaving();
  startBreaking();
  readLink();
  addEventListener('hashchange', readLink);
};

start().catch(error => {
  say(`This browser cannot run the circuit: ${error.message}. The page is as ` +
    'xhat wrote it.', true);
});
})();
