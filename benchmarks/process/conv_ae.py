"""The convolutional autoencoder of the SKAB leaderboard (its strongest entry), in PyTorch where that is installed.

Windows of 60 standardised rows go through two strided convolutions (32 and 16 filters of width 7, dropout of a fifth)
and back; the error of a window is the mean absolute error of its rows, summed over the signals. 100 epochs of Adam at
0.001, batches of 32, the last tenth of the windows held back to stop after five epochs without gain; the network of the
last epoch is kept. The leaderboard's own gives one channel back, which is compared with every signal; so does this.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ConvAe", "available"]

Rows = npt.NDArray[np.float64]
_WINDOW, _EPOCHS, _BATCH, _PATIENCE = 60, 100, 32, 5


def available() -> bool:
    """Whether PyTorch is installed."""
    return find_spec("torch") is not None


class ConvAe:
    """Autoencoder whose score of a row is the error of the window that ends in it."""

    name = "Conv-AE"

    def fit(self, rows: Rows) -> None:
        """Learn from normal rows."""
        import torch

        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.mean, self.deviation = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-12)
        windows = torch.tensor(self._windows(rows), dtype=torch.float32)
        held = max(1, len(windows) // 10)
        train, check = windows[:-held], windows[-held:]
        self.model = _network(windows.shape[1])
        optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        best, waited = float("inf"), 0
        for _ in range(_EPOCHS):
            self.model.train()
            for batch in torch.randperm(len(train)).split(_BATCH):
                optimiser.zero_grad()
                loss = ((self.model(train[batch]) - train[batch]) ** 2).mean()
                loss.backward()
                optimiser.step()
            self.model.eval()
            with torch.no_grad():
                error = float(((self.model(check) - check) ** 2).mean())
            best, waited = (error, 0) if error < best else (best, waited + 1)
            if waited >= _PATIENCE:
                break

    def scores(self, rows: Rows) -> Rows:
        """Error of the window that ends in each row; NaN for the first rows."""
        import torch

        windows = torch.tensor(self._windows(rows), dtype=torch.float32)
        with torch.no_grad():
            error = (windows - self.model(windows)).abs().mean(dim=2).sum(dim=1).numpy()
        return np.concatenate([np.full(_WINDOW - 1, np.nan), error])

    def flags_of(self, scores: Rows, limit: float) -> npt.NDArray[np.bool_]:
        """A row is flagged when every window that began in the 59 rows up to it is over the limit.

        As in the leaderboard's notebook, where a window has the number of its first row; a row near the end is never
        flagged.
        """
        over = np.nan_to_num(scores[_WINDOW - 1 :], nan=0.0) > limit  # by first row
        flags = np.zeros(len(scores), dtype=bool)
        for row in range(_WINDOW - 1, len(over) - _WINDOW + 1):
            flags[row] = over[row - _WINDOW + 1 : row].all()
        return flags

    def _windows(self, rows: Rows) -> Rows:
        scaled = (rows - self.mean) / self.deviation
        return np.lib.stride_tricks.sliding_window_view(scaled, _WINDOW, axis=0)


def _network(signals: int) -> Any:
    from torch import nn

    def up(before: int, after: int) -> Any:
        return nn.ConvTranspose1d(before, after, 7, stride=2, padding=3, output_padding=1)

    return nn.Sequential(
        nn.Conv1d(signals, 32, 7, stride=2, padding=3), nn.ReLU(), nn.Dropout(0.2),
        nn.Conv1d(32, 16, 7, stride=2, padding=3), nn.ReLU(),
        up(16, 16), nn.ReLU(), nn.Dropout(0.2),
        up(16, 32), nn.ReLU(),
        nn.ConvTranspose1d(32, 1, 7, padding=3),
    )  # fmt: skip
