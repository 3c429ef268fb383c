//! Where pointers from C become references: the only memory accesses that the compiler cannot check.
#![allow(unsafe_code, reason = "C passes pointers")]

use core::ptr::{self, NonNull};
use core::slice;

use crate::Status;

/// A pointer that a function reads from.
///
/// Only C makes one, by a call: it promises that the pointer is NULL, or points to as many initialised values as the
/// function's documentation says, which nothing else changes during the call.
///
/// cbindgen:transparent-typedef
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct In<T>(*const T);

/// A pointer that a function writes to, or reads and writes.
///
/// Only C makes one, by a call: it promises that the pointer is NULL, or points to as many values as the function's
/// documentation says, which nothing else uses during the call. What only receives results may overlap the inputs.
///
/// cbindgen:transparent-typedef
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Out<T>(*mut T);

/// Memory for results that was found to be there.
#[derive(Debug)]
pub(crate) struct Place<T> {
    start: NonNull<T>,
    len: usize,
}

impl<T> In<T> {
    pub(crate) fn get(&self) -> Result<&T, Status> {
        check(self.0.cast_mut(), 1)?;
        // SAFETY: neither NULL nor misaligned, and C's promise.
        Ok(unsafe { &*self.0 })
    }

    pub(crate) fn slice(&self, len: usize) -> Result<&[T], Status> {
        check(self.0.cast_mut(), len)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory, and C's promise.
        Ok(unsafe { slice::from_raw_parts(self.0, len) })
    }
}

impl<T> Out<T> {
    pub(crate) fn get(&mut self) -> Result<&mut T, Status> {
        check(self.0, 1)?;
        // SAFETY: neither NULL nor misaligned, and C's promise.
        Ok(unsafe { &mut *self.0 })
    }

    pub(crate) fn slice(&self, len: usize) -> Result<&[T], Status> {
        check(self.0, len)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory, and C's promise.
        Ok(unsafe { slice::from_raw_parts(self.0, len) })
    }

    pub(crate) fn slice_mut(&mut self, len: usize) -> Result<&mut [T], Status> {
        check(self.0, len)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory, and C's promise.
        Ok(unsafe { slice::from_raw_parts_mut(self.0, len) })
    }

    /// Room for `len` results.
    pub(crate) fn place(self, len: usize) -> Result<Place<T>, Status> {
        Ok(Place { start: check(self.0, len)?, len })
    }
}

impl<T: Copy> Place<T> {
    /// Writes the results. They lie on the stack, so that the place may overlap any input.
    pub(crate) fn write(self, results: &[T]) {
        let len = results.len().min(self.len);
        // SAFETY: `start` is neither NULL nor misaligned and has room for `len` values by C's promise; `copy` allows
        // overlap.
        unsafe { ptr::copy(results.as_ptr(), self.start.as_ptr(), len) }
    }
}

/// Neither NULL nor misaligned, and `len` values are no more than memory can hold.
fn check<T>(pointer: *mut T, len: usize) -> Result<NonNull<T>, Status> {
    let bytes = len.checked_mul(size_of::<T>()).ok_or(Status::Overflow)?;
    if isize::try_from(bytes).is_err() {
        return Err(Status::Overflow);
    }
    NonNull::new(pointer).filter(|pointer| pointer.is_aligned()).ok_or(Status::Pointer)
}
