// Links from the time when all lines of a text stood on one page: leads on to the page that has the line now.
const line = /^#L(\d+)$/.exec(location.hash)?.[1];
if (line && !document.getElementById(`L${line}`)) location.replace(`?line=${line}`);
