"""Asks for the parameters of a stack.

Enter keeps what is shown. A dash empties an answer, which no empty line can say.
"""

from getpass import getpass

from parameters import WrongParameter

EMPTY = "-"
HOW = "Enter keeps the value in brackets, a dash (-) empties it."


class Asking:
    def __init__(self, say=print, hear=input, hear_secret=getpass):
        self.say, self.hear, self.hear_secret = say, hear, hear_secret

    def all(self, parameters, kept, derived=()):
        """Name to answer for every parameter but those that hubcast works out itself."""
        self.say(HOW)
        names = [name for name in parameters.known if name not in derived]
        found = {name: self._one(parameters, name, kept.get(name)) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def yes(self, question, default):
        answer = self.hear(f"{question} [{'yes' if default else 'no'}]: ").strip().lower()
        return default if answer == "" else answer in ("y", "yes")

    def _one(self, parameters, name, kept):
        """Nothing for a secret that stays as it is deployed."""
        hidden = parameters.is_hidden(name)
        shown = kept if kept is not None else parameters.default(name)
        self.say(f"\n{parameters.known[name].get('Description', '').strip()}")
        while True:
            typed = self._typed(name, shown, hidden)
            value = shown if typed == "" else "" if typed == EMPTY else typed
            if typed == "" and hidden:
                return None
            try:
                if value is None:
                    raise WrongParameter(f"{name} has no default")
                return parameters.checked(name, value)
            except WrongParameter as fault:
                self.say(str(fault))

    def _typed(self, name, shown, hidden):
        if hidden:
            return self.hear_secret(f"{name} (not shown; Enter keeps what is deployed): ").strip()
        return self.hear(f"{name} [{'' if shown is None else shown}]: ").strip()
