"""Where the model's own numbers come from: fits to price histories, scored forecasts, ranges matched to history.

`study_rents` fits the rent process, `study_forecast` scores what such a fit would have forecast.
"""

from deflator.analysis.calibration.fit import Effort
from deflator.analysis.calibration.forecast import ForecastTest
from deflator.analysis.calibration.study import RentStudy, study_forecast, study_rents

__all__ = ["Effort", "ForecastTest", "RentStudy", "study_forecast", "study_rents"]
