"""Third stage, the feedforward network."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from scbench.errors import UserError
from scbench.markers.smash.shapley import Weights, deep_lift

_EPSILON = 1e-3  # of the batch norm
_LAYERS = ((32, 0.2), (16, 0.1))  # units, dropout


class Network:
    """Two hidden layers with batch norm, sigmoid and dropout, trained by Adam with early stopping.

    Parameters
    ----------
    epochs
        Most epochs.
    batch_size
        Cells of a step.
    learning_rate
        Of Adam.
    patience
        Epochs without a lower validation loss after which training ends; the weights of the best epoch are kept.
    device
        ``"auto"`` takes a CUDA device where there is one.

    Attributes
    ----------
    weights_
        Weights of the best epoch, with the batch norm folded in.
    history_
        Loss and accuracy of each epoch on the validation part and, where asked for, on the training part.

    Notes
    -----
    One seed gives one network on one device. Memory: the training cells, float32.

    References
    ----------
    smashpy 0.1.2, ``__loadDNNmodel`` and ``DNN`` (Keras: Glorot's uniform weights, momentum .99 of the batch norm).
    """

    def __init__(
        self,
        *,
        epochs: int = 100,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        patience: int = 5,
        device: str = "auto",
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.device = device

    def fit(
        self,
        X: np.ndarray,
        y: np.ndarray,
        n_classes: int,
        *,
        weights: np.ndarray,
        seed: int,
        validation: tuple[np.ndarray, np.ndarray],
        history: bool = False,
    ) -> "Network":
        """Train on (cells, genes) float32 values and class numbers; `weights` are those of the classes."""
        import torch

        if len(validation[0]) == 0:
            raise UserError("The network needs cells to validate on: every class has one cell only.")
        device = "cuda" if self.device == "auto" and torch.cuda.is_available() else self.device.replace("auto", "cpu")
        with torch.random.fork_rng(), _one_thread():
            torch.manual_seed(seed)
            model = _model(X.shape[1], n_classes).to(device)
            parts = {"train": (X, y), "validation": validation}
            tensors = {
                name: (torch.as_tensor(values, device=device), torch.as_tensor(classes, device=device))
                for name, (values, classes) in parts.items()
            }
            per_class = torch.as_tensor(weights, dtype=torch.float32, device=device)
            best = self._train(model, tensors, per_class, ["train", "validation"] if history else ["validation"])
        model.load_state_dict(best)
        self.weights_ = _folded(model.cpu())
        return self

    def shapley(self, X: np.ndarray, background: np.ndarray) -> np.ndarray:
        """Shapley values of the probabilities, (cells, genes, classes); see `deep_lift`."""
        return deep_lift(self.weights_, X, background)

    def _train(self, model, tensors: dict, per_class, watched: list[str]) -> dict:
        import torch

        X, y = tensors["train"]
        optimizer = torch.optim.Adam(model.parameters(), lr=self.learning_rate, eps=1e-7, fused=True)
        self.history_ = {name: {"loss": [], "accuracy": []} for name in watched}
        lowest, waited, best = np.inf, 0, {}
        for _ in range(self.epochs):
            model.train()
            order = torch.randperm(len(X), device=X.device)
            batches = (values[order].split(self.batch_size) for values in (X, y, per_class[y]))
            for values, classes, weights in zip(*batches, strict=True):
                if len(values) == 1:  # has no variance to normalise by
                    continue
                losses = torch.nn.functional.cross_entropy(model(values), classes, reduction="none")
                optimizer.zero_grad()
                torch.dot(losses, weights).div(len(losses)).backward()
                optimizer.step()
            for name in watched:
                for measure, value in zip(("loss", "accuracy"), _evaluate(model, *tensors[name]), strict=True):
                    self.history_[name][measure].append(value)
            loss = self.history_["validation"]["loss"][-1]
            waited += 1
            if loss < lowest:
                lowest, waited = loss, 0
                best = {name: value.clone() for name, value in model.state_dict().items()}
            if waited >= self.patience:
                break
        return best


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to one CPU thread: steps this small lose more by handing work over than they gain."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _model(n_genes: int, n_classes: int):
    from torch import nn

    layers: list[nn.Module] = []
    inputs = n_genes
    for units, dropout in _LAYERS:
        norm = nn.BatchNorm1d(units, eps=_EPSILON, momentum=0.01)
        layers += [nn.Linear(inputs, units), norm, nn.Sigmoid(), nn.Dropout(dropout)]
        inputs = units
    model = nn.Sequential(*layers, nn.Linear(inputs, n_classes))
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model


def _evaluate(model, X, y) -> tuple[float, float]:
    import torch

    model.eval()
    loss = right = 0.0
    with torch.inference_mode():
        for values, classes in zip(X.split(2**15), y.split(2**15), strict=True):
            logits = model(values)
            loss += float(torch.nn.functional.cross_entropy(logits, classes, reduction="sum"))
            right += float((logits.argmax(dim=1) == classes).sum())
    return loss / len(X), right / len(X)


def _folded(model) -> Weights:
    """Fold each batch norm into the affine layer before it."""
    layers = list(model)
    folded = []
    for linear, norm in ((layers[0], layers[1]), (layers[4], layers[5])):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        folded += [linear.weight * scale[:, None], (linear.bias - norm.running_mean) * scale + norm.bias]
    last = layers[-1]
    return Weights(*(value.detach().double().numpy() for value in (*folded, last.weight, last.bias)))
