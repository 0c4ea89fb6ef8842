// Texts of a chart's axis of time. Pure.

/** Times of the day, or dates where ticks are whole days apart; in seconds. */
export const timeTexts = (ticks: readonly number[], stepS: number): string[] =>
  ticks.map((tick) => {
    const date = new Date(tick * 1000);
    const day = date.toLocaleDateString('en-CA').slice(stepS >= 28 * 86_400 ? 0 : 5);
    const time = date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    return stepS >= 86_400 || time === '00:00' ? day : time;
  });
