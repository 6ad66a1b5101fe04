// Owns whether Enter sends or breaks the line; Shift+Enter does the other.
// Never handles a key.
const KEY = "murmel.enter";

class Enter {
  sends = $state(localStorage.getItem(KEY) !== "break");

  choose(sends: boolean): void {
    this.sends = sends;
    localStorage.setItem(KEY, sends ? "send" : "break");
  }
}

export const enter = new Enter();
