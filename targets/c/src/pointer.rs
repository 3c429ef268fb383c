//! Where pointers from C become references: the only memory accesses that the compiler cannot check.
#![allow(unsafe_code, reason = "C passes pointers")]

use core::ptr::{self, NonNull};
use core::slice;

use perturb_core::{AffineMut, AffineRef, SharedMut, SharedRef};

use crate::{Model, Shared, SharedView, Status, View};

/// A pointer that a function reads from.
#[derive(Debug)]
pub(crate) struct In<T>(*const T);

/// A pointer that a function writes to.
#[derive(Debug)]
pub(crate) struct Out<T>(*mut T);

/// Memory for results that was found to be there.
#[derive(Debug)]
pub(crate) struct Place<T> {
    start: NonNull<T>,
    len: usize,
}

/// Written out, since a derive would ask for `T: Copy`.
impl<T> Clone for In<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for In<T> {}

impl<T> In<T> {
    /// # Safety
    /// NULL, or points to as many initialised values as the exported function's documentation says, which nothing changes
    /// during the call; the same for the pointers in those values.
    pub(crate) unsafe fn new(pointer: *const T) -> Self {
        Self(pointer)
    }

    pub(crate) fn get(&self) -> Result<&T, Status> {
        check(self.0, 1)?;
        // SAFETY: neither NULL nor misaligned, and promised to `new`.
        Ok(unsafe { &*self.0 })
    }

    pub(crate) fn slice(&self, len: usize) -> Result<&[T], Status> {
        check(self.0, len)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory, and promised to `new`.
        Ok(unsafe { slice::from_raw_parts(self.0, len) })
    }
}

impl<T> Out<T> {
    /// # Safety
    /// NULL, or points to as many values as the exported function's documentation says, which nothing else uses during the
    /// call, though what becomes a [`Place`] may overlap inputs. Initialised, unless it becomes a place. The same for the
    /// pointers in those values.
    pub(crate) unsafe fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    pub(crate) fn get(&mut self) -> Result<&mut T, Status> {
        check(self.0, 1)?;
        // SAFETY: neither NULL nor misaligned, and promised to `new`.
        Ok(unsafe { &mut *self.0 })
    }

    /// Room for `len` results.
    pub(crate) fn place(self, len: usize) -> Result<Place<T>, Status> {
        check(self.0, len)?;
        let start = NonNull::new(self.0).ok_or(Status::Pointer)?;
        Ok(Place { start, len })
    }
}

impl View {
    /// The model to be read, which must give `scores` scores.
    pub(crate) fn affine(&self, scores: usize) -> Result<AffineRef<'_, f32>, Status> {
        let weights = self.check(scores)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory; promised when the model was passed.
        let (weights, bias) = unsafe {
            (slice::from_raw_parts(self.weights, weights), slice::from_raw_parts(self.bias, scores))
        };
        Ok(AffineRef::new(weights, bias)?)
    }

    /// How many weights, after a look at sizes and pointers.
    fn check(&self, scores: usize) -> Result<usize, Status> {
        let weights = self.sizes(scores)?;
        check(self.weights, weights)?;
        check(self.bias, scores)?;
        Ok(weights)
    }
}

impl Model {
    /// The model to be changed, which must give `scores` scores.
    pub(crate) fn affine_mut(&mut self, scores: usize) -> Result<AffineMut<'_, f32>, Status> {
        let weights = self.view().check(scores)?;
        // SAFETY: as above, and promised not to overlap.
        let (weights, bias) = unsafe {
            (slice::from_raw_parts_mut(self.weights, weights), slice::from_raw_parts_mut(self.bias, scores))
        };
        Ok(AffineMut::new(weights, bias)?)
    }
}

impl SharedView {
    /// The model to be read.
    pub(crate) fn shared(&self) -> Result<SharedRef<'_, f32>, Status> {
        let features = self.features as usize;
        check(self.weights, features)?;
        // SAFETY: neither NULL nor misaligned, no longer than memory; promised when the model was passed.
        Ok(SharedRef::new(unsafe { slice::from_raw_parts(self.weights, features) })?)
    }
}

impl Shared {
    /// The model to be changed.
    pub(crate) fn shared_mut(&mut self) -> Result<SharedMut<'_, f32>, Status> {
        let features = self.features as usize;
        check(self.weights, features)?;
        // SAFETY: as above, and promised not to overlap.
        Ok(SharedMut::new(unsafe { slice::from_raw_parts_mut(self.weights, features) })?)
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

impl Place<u8> {
    /// Zeros to write results over; the place must not overlap inputs then.
    pub(crate) fn zeros(&mut self) -> &mut [u8] {
        // SAFETY: `start` is not NULL, has room for `len` bytes by C's promise, and zeros initialise them.
        unsafe {
            ptr::write_bytes(self.start.as_ptr(), 0, self.len);
            slice::from_raw_parts_mut(self.start.as_ptr(), self.len)
        }
    }
}

/// Neither NULL nor misaligned, and `len` values are no more than memory can hold.
fn check<T>(pointer: *const T, len: usize) -> Result<(), Status> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Status::Pointer);
    }
    let bytes = len.checked_mul(size_of::<T>()).and_then(|bytes| isize::try_from(bytes).ok());
    bytes.map(drop).ok_or(Status::Overflow)
}
