/* ---- breaking a gate ----------------------------------------------------- */

const startBreaking = () => {
  $('part-6').addEventListener('change', event => {
    mistake = Number(event.target.value);
    render();
  });
};
