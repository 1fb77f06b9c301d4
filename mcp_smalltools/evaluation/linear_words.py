"""The plain method for labels: a linear machine on the words of a text."""

from __future__ import annotations

from typing import Any


def linear_words() -> Any:
    """TF-IDF of words and pairs with a linear SVM, unfitted; the same in every run. Raises ImportError."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    return make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(random_state=0))
